"""GPT-2s to measure with, of random weights that make some tokens likelier than others, as trained ones do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

LARGE: Final = {"vocab_size": 50_257, "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1_024}
SMALL: Final = {"vocab_size": 12_000, "n_embd": 384, "n_layer": 6, "n_head": 6, "n_positions": 512}
VERSION: Final = "1"
WORDS: Final = 150_000  # of the text that tokens come from
INSIDE: Final = 0.1  # how likely tokens are that go on with a word, against those that begin one
RANK, ALPHA = 8, 16  # of adapters, as training makes them by default


def gpt2(shelf: Path, name: str, sizes: dict[str, int]) -> Path:
    """Puts a GPT-2 of these sizes on a shelf, with as many tokens; its directory."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    directory = shelf / name / VERSION
    torch.manual_seed(0)
    model = GPT2LMHeadModel(GPT2Config(**sizes, bos_token_id=0, eos_token_id=0))
    tokens = _save_tokenizer(directory, sizes["vocab_size"])
    prior = torch.tensor(_prior(tokens), dtype=torch.float32)
    with torch.no_grad():  # the head is the embedding: what all rows have in one direction becomes a token's bias
        direction = torch.randint(0, 2, (sizes["n_embd"],)) * 2.0 - 1
        model.transformer.ln_f.bias.copy_(direction)
        model.transformer.wte.weight += prior[:, None] * direction / len(direction)
    model.save_pretrained(directory)
    return directory


def adapter(base: Path, name: str, seed: int) -> str:
    """Puts a LoRA adapter of random numbers beside its base on the shelf, as peft writes it."""
    from safetensors.numpy import save_file

    directory = base.parent.parent / name / VERSION
    directory.mkdir(parents=True)
    for file in ("config.json", "generation_config.json", "tokenizer.json"):
        (directory / file).symlink_to(base / file)
    width, layers = (json.loads((base / "config.json").read_text("utf-8"))[size] for size in ("n_embd", "n_layer"))
    draw = np.random.default_rng(seed)
    tensors = {}
    for layer in range(layers):
        to = f"base_model.model.transformer.h.{layer}.attn.c_attn"
        tensors[f"{to}.lora_A.weight"] = draw.normal(0, 0.02, (RANK, width)).astype(np.float32)
        tensors[f"{to}.lora_B.weight"] = draw.normal(0, 0.02, (3 * width, RANK)).astype(np.float32)
    save_file(tensors, directory / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": str(base)}
    config |= {"r": RANK, "lora_alpha": ALPHA, "target_modules": ["c_attn"], "fan_in_fan_out": True}  # type: ignore[dict-item]
    (directory / "adapter_config.json").write_text(json.dumps(config), "utf-8")
    return name


def _save_tokenizer(directory: Path, size: int) -> list[str]:
    """A byte-level BPE of so many tokens; their names in order, the end first."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_lines(), trainer)
    tokens: dict[str, int] = tokenizer.get_vocab()
    if len(tokens) != size:
        raise RuntimeError(f"the tokenizer has {len(tokens):,} tokens instead of {size:,}")
    directory.mkdir(parents=True)
    tokenizer.save(str(directory / "tokenizer.json"))
    return sorted(tokens, key=tokens.__getitem__)


def _lines() -> Iterator[str]:
    """Made-up words of two to five syllables, a hundred a line."""
    draw = np.random.default_rng(0)
    syllables = [consonant + vowel for consonant in "bcdfghjklmnprstvwz" for vowel in ("a", "e", "i", "o", "u", "er")]
    words = ["".join(draw.choice(syllables, draw.integers(2, 6))) for _ in range(WORDS)]
    for at in range(0, WORDS, 100):
        yield " ".join(words[at : at + 100])


def _prior(tokens: list[str]) -> Any:
    """Logits by Zipf's law, in which few tokens go on with a word, bytes and the end come last."""
    logits = np.zeros(len(tokens))
    begins = np.array([token.startswith("Ġ") for token in tokens])
    whole = np.arange(len(tokens)) > 256  # the end and lone bytes come first
    for group, weight in ((begins & whole, 1.0), (~begins & whole, INSIDE)):
        logits[group] = np.log(weight) - np.log(1 + np.random.default_rng(1).permutation(group.sum()))
    logits[~whole] = logits.min()
    return logits
