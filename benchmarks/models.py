"""Models to measure with: of a given shape, with random weights, because speed hardly depends on what they say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import save_file

from generators.charrnn.folding import Shape
from generators.charrnn.tokenizer import FIRST_BYTE, FIRST_CHARACTER, PAD_ID, START_ID, tokenizer_of

OUTPUTS: Final = 465  # of textgenrnn's default model; here too no two rows are equal, so none is saved


def textgenrnn_shaped(shelf: Path) -> str:
    """Puts a char-RNN of the size of textgenrnn's default on a shelf: 100-d embedding, 2×128 LSTM, attention."""
    directory = shelf / "sized" / "1"
    directory.mkdir(parents=True)
    tokenizer = tokenizer_of(map(chr, range(0x20, 0x20 + OUTPUTS - 258)))
    tokenizer.save(str(directory / "tokenizer.json"))
    config = {
        "model_type": "charrnn",
        "vocab_size": OUTPUTS,
        "embedding_size": 100,
        "hidden_sizes": [128, 128],
        "cell": "lstm",
        "attention_decay": 0.99,
        "bos_token_id": START_ID,
        "eos_token_id": START_ID,
        "pad_token_id": PAD_ID,
    }
    (directory / "config.json").write_text(json.dumps(config))
    draw = np.random.default_rng(0)
    tensors = {name: draw.normal(0, 0.1, size).astype(np.float32) for name, size in Shape.of(config).tensors().items()}
    tensors["output.bias"][FIRST_BYTE:FIRST_CHARACTER] -= 10  # lone bytes are as rare as trained models write them
    save_file(tensors, directory / "model.safetensors")
    return "sized"


def gpt2_124m(directory: Path, texts: Sequence[Path]) -> Path:
    """Writes a GPT-2 of 124 million random weights with a tokenizer of as many tokens, trained on some texts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(bos_token_id=0, eos_token_id=0)
    GPT2LMHeadModel(config).save_pretrained(directory)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=config.vocab_size,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train([str(text) for text in texts], trainer)
    tokenizer.save(str(directory / "tokenizer.json"))
    return directory
