from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from generators.charrnn import load, read_info
from generators.charrnn.folding import Shape
from generators.charrnn.tokenizer import label_token, tokenizer_of, word_tokenizer_of
from generators.charrnn.writer import CharRNN

CHARACTERS = "etaoin shrdlu.\n"


def save_model(
    directory: Path, labels: Sequence[str] = (), words: Sequence[str] = (), scale: float = 0.5, **fields: Any
) -> Path:
    """A directory with a small model of random weights, of words or of characters; `fields` go into config.json."""
    directory.mkdir(parents=True, exist_ok=True)
    names = [label_token(label) for label in labels]
    tokenizer = word_tokenizer_of(words, names) if words else tokenizer_of(CHARACTERS, names)
    tokenizer.save(str(directory / "tokenizer.json"))
    config = {
        "model_type": "charrnn",
        "architectures": ["CharRNNForCausalLM"],
        "vocab_size": tokenizer.get_vocab_size(),
        "embedding_size": 5,
        "hidden_sizes": [8, 6],
        "cell": "lstm",
        "attention_decay": 0.99,
        "dropout": 0.3,
        "bos_token_id": 1,
        "eos_token_id": 1,
        "pad_token_id": 0,
        "token": "word" if words else "character",
        "labels": {label: tokenizer.token_to_id(label_token(label)) for label in labels},
    } | fields
    (directory / "config.json").write_text(json.dumps(config), "utf-8")
    numbers = np.random.default_rng(0)
    tensors = {
        name: numbers.normal(0, scale, shape).astype(np.float32) for name, shape in Shape.of(config).tensors().items()
    }
    save_file(tensors, directory / "model.safetensors", {"format": "pt"})
    return directory


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return save_model(tmp_path / "model")


@pytest.fixture
def model(directory: Path) -> CharRNN:
    return loaded(directory)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    return lambda **fields: save_model(tmp_path / "other", **fields)


def loaded(directory: Path) -> CharRNN:
    model = load(directory, read_info(directory, "tiny"))
    assert isinstance(model, CharRNN)
    return model
