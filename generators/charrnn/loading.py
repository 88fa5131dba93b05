"""A char-RNN's directory: what the model is, and the model itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from generators.charrnn.folding import Array, Shape
from generators.charrnn.tokenizer import label_token
from generators.charrnn.writer import CharRNN
from generators.completion import LONGEST, ModelInfo, Sampling
from generators.errors import InvalidValue, UnusableModel
from generators.model import Model
from generators.vocabulary import Vocabulary

WEIGHTS: Final = "model.safetensors"


def read_info(directory: Path, name: str, shipped: bool = False) -> ModelInfo:
    """What the model in a Hugging Face directory is, without reading its weights where planchette.json has a version.

    Raises:
        UnusableModel: a file is missing or damaged, or the defaults in generation_config.json are out of range.
    """
    config = _json(directory, "config.json")
    if config.get("model_type") != "charrnn":
        raise UnusableModel(str(directory), f"it is a {config.get('model_type')}, not a charrnn")
    lineage = _json(directory, "planchette.json", required=False)
    written = _json(directory, "generation_config.json", required=False)
    generation = {name: value for name, value in written.items() if value is not None}  # transformers writes nulls
    labels = config.get("labels")
    try:
        return ModelInfo(
            name=name,
            version=str(lineage.get("version") or _digest(directory)),
            kind="charrnn",
            token="word" if config.get("token") == "word" else "character",
            labels=tuple(labels) if isinstance(labels, dict) else (),
            sampling=Sampling(
                temperature=(float(generation.get("temperature", 1.0)),),
                top_k=int(generation.get("top_k", 0)),
                top_p=float(generation.get("top_p", 1.0)),
                repetition_penalty=float(generation.get("repetition_penalty", 1.0)),
            ),
            max_tokens=_tokens(generation, "max_new_tokens", 300, least=1),
            min_tokens=_tokens(generation, "min_new_tokens", 0, least=0),
            description=str(lineage.get("description") or ""),
            shipped=shipped,
        )
    except (InvalidValue, TypeError, ValueError) as fault:
        raise UnusableModel(str(directory), f"its generation_config.json is wrong ({fault})") from fault


def load(directory: Path, info: ModelInfo) -> Model[Any]:
    """The model in a directory, ready to write; only safetensors are read, never a pickle.

    Raises:
        UnusableModel: a file is missing or damaged, or tensors, config and tokenizer do not fit each other.
    """
    config = _json(directory, "config.json")
    try:
        tensors = load_file(directory / WEIGHTS)
    except FileNotFoundError:
        raise UnusableModel(str(directory), f"{WEIGHTS} is missing") from None
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


def _tokens(generation: Mapping[str, Any], name: str, default: int, *, least: int) -> int:
    value = generation.get(name, default)
    if not isinstance(value, int) or not least <= value <= LONGEST:
        raise InvalidValue(name, value, f"a whole number from {least} to {LONGEST:,}")
    return value


def _json(directory: Path, file: str, required: bool = True) -> dict[str, Any]:
    try:
        value = json.loads((directory / file).read_text("utf-8"))
    except FileNotFoundError:
        if not required:
            return {}
        raise UnusableModel(str(directory), f"{file} is missing") from None
    except (OSError, ValueError, RecursionError) as fault:
        raise UnusableModel(str(directory), f"{file} is damaged ({fault})") from fault
    if not isinstance(value, dict):
        raise UnusableModel(str(directory), f"{file} is damaged (no JSON object)")
    return value


def _digest(directory: Path) -> str:
    """Names exact weights where nobody else has named them."""
    try:
        with (directory / WEIGHTS).open("rb") as file:
            digest = sha256()
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as fault:
        raise UnusableModel(str(directory), f"{WEIGHTS} is missing") from fault
    return digest.hexdigest()[:12]
