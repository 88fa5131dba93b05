"""A char-RNN's directory: what the model is, and the model itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from generators.charrnn.folding import Array, Shape
from generators.charrnn.tokenizer import label_token
from generators.charrnn.writer import CharRNN
from generators.completion import ModelInfo
from generators.directory import WEIGHTS, check_safetensors, info_of, read_json
from generators.errors import UnusableModel
from generators.model import Model
from generators.vocabulary import Vocabulary


def read_info(directory: Path, name: str, shipped: bool = False) -> ModelInfo:
    """What the model in a Hugging Face directory is, without reading its weights where planchette.json has a version.

    Raises:
        UnusableModel: a file is missing or damaged, or the defaults in generation_config.json are out of range.
    """
    config = read_json(directory, "config.json")
    if config.get("model_type") != "charrnn":
        raise UnusableModel(str(directory), f"it is a {config.get('model_type')}, not a charrnn")
    labels = config.get("labels")
    return info_of(
        directory,
        name,
        kind="charrnn",
        token="word" if config.get("token") == "word" else "character",
        labels=tuple(labels) if isinstance(labels, dict) else (),
        shipped=shipped,
    )


def load(directory: Path, info: ModelInfo) -> Model[Any]:
    """The model in a directory, ready to write; only safetensors are read, never a pickle.

    Raises:
        UnusableModel: a file is missing or damaged, or tensors, config and tokenizer do not fit each other.
    """
    config = read_json(directory, "config.json")
    check_safetensors(directory / WEIGHTS)
    try:
        tensors = load_file(directory / WEIGHTS)
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as fault:  # the latter two: odd dtypes
        raise UnusableModel(str(directory), f"{WEIGHTS} is damaged ({fault})") from fault
    vocabulary = Vocabulary.load(directory)
    try:
        return writer_of(config, tensors, vocabulary, info)
    except ValueError as fault:
        raise UnusableModel(str(directory), str(fault)) from fault


def writer_of(
    config: Mapping[str, Any], tensors: Mapping[str, Array], vocabulary: Vocabulary, info: ModelInfo
) -> Model[Any]:
    """A writer from parts that may not fit each other.

    Raises:
        ValueError: they do not; the message names the part.
    """
    shape = Shape.of(config)
    checked = _checked(shape, tensors)
    if vocabulary.size != shape.vocab_size:
        raise ValueError(
            f"tokenizer.json has {vocabulary.size:,} tokens and config.json says {shape.vocab_size:,}",
        )
    if not max(vocabulary.start, vocabulary.end) < shape.vocab_size:
        raise ValueError("config.json has a bos_token_id or eos_token_id outside the vocabulary")
    for name, token in shape.labels.items():
        if vocabulary.names[token] != label_token(name) or token not in vocabulary.special:
            raise ValueError(f"config.json has the label {name}, for which tokenizer.json has no special token")
    if shape.window is None:
        return CharRNN(info, vocabulary, shape, checked)
    from generators.charrnn.windowed import WindowedCharRNN

    return WindowedCharRNN(info, vocabulary, shape, checked)


def _checked(shape: Shape, tensors: Mapping[str, Array]) -> dict[str, Array]:
    """The tensors that this shape needs, in float32.

    Raises:
        ValueError: one is missing, has another shape, or holds numbers that are not finite.
    """
    checked = {}
    for name, expected in shape.tensors().items():
        if name not in tensors:
            raise ValueError(f"{WEIGHTS} has no tensor {name}")
        if not np.issubdtype(tensors[name].dtype, np.floating):
            raise ValueError(f"tensor {name} holds {tensors[name].dtype} where numbers with fractions are needed")
        tensor = np.ascontiguousarray(tensors[name], dtype=np.float32)
        if tensor.shape != expected:
            raise ValueError(f"tensor {name} has shape {list(tensor.shape)} and config.json says {list(expected)}")
        if not np.isfinite(tensor).all():
            raise ValueError(f"tensor {name} holds numbers that are not finite")
        checked[name] = tensor
    return checked
