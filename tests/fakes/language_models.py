"""Tiny language models of random weights as transformers saves them, with a byte-level BPE of real text."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

TEXT = """Once upon a time there was a miller who had a daughter, and she was fair. The king came by the mill
and said that he would see her spin straw into gold. "Alas," said the miller's daughter, "I cannot spin at all."
The little man said that he would help her, and what would she give him for it? She gave him her ring.
"""
END = "<|endoftext|>"


@cache
def _trained() -> str:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT.splitlines(), trainer)
    return tokenizer.to_str()


def byte_level_bpe() -> Any:
    """A `tokenizers.Tokenizer` as GPT-2's, of 320 tokens; `<|endoftext|>` is 0."""
    from tokenizers import Tokenizer

    return Tokenizer.from_str(_trained())


def save_gpt2(directory: Path, *, spread: float = 0.3, **fields: Any) -> Path:
    """A GPT-2 of random weights; `fields` go into its config."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = byte_level_bpe()
    sizes = {"n_positions": 64, "n_embd": 24, "n_layer": 3, "n_head": 4, "vocab_size": tokenizer.get_vocab_size()}
    config = GPT2Config(**{**sizes, "bos_token_id": 0, "eos_token_id": 0, **fields})
    torch.manual_seed(0)
    model = GPT2LMHeadModel(config)
    return save(model, directory, spread)


def save(model: Any, directory: Path, spread: float = 0.3) -> Path:
    """Any model of transformers, with weights that are spread enough for its distributions to differ."""
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            parameter += spread * torch.randn(parameter.shape)
    model.save_pretrained(directory)
    byte_level_bpe().save(str(directory / "tokenizer.json"))
    return directory


def transformers_logits(directory: Path, tokens: list[int]) -> Any:
    """What transformers says after each token, float32 [tokens, vocabulary]."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32, local_files_only=True).eval()
    with torch.inference_mode():
        return model(torch.tensor([tokens])).logits[0].numpy()
