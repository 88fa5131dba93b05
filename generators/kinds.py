"""Kinds of models: which package reads a directory, by the `model_type` in its config.json.

Each package has `read_info(directory, name, shipped=False) -> ModelInfo`, without torch, and
`load(directory, info) -> Model`; those that compute with torch also take `device` and `threads`.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from generators.completion import ModelInfo
from generators.directory import is_adapter, read_json
from generators.engine.engine import CACHE_BYTES
from generators.errors import MissingExtra, Phrase, Unsupported, UnusableModel
from generators.guard import guard_with, index_in
from generators.model import Adaptable, Model
from generators.places import CONFIG
from generators.vocabulary import Vocabulary

KINDS: Final = {"gpt2": "generators.gpt2", "charrnn": "generators.charrnn"}  # those that write best first
OTHERS: Final = "generators.causal"  # every other causal language model of transformers
TORCHLESS: Final = frozenset({"charrnn"})
TORCH_CACHE_BYTES: Final = 512 << 20  # a token is 74 kB in GPT-2 of 124M: half of that in bf16: 7,000 tokens or 14,000


def info_of(directory: Path, name: str, shipped: bool = False) -> ModelInfo:
    """What the model in a directory is, without reading its weights.

    Raises:
        UnusableModel: a file is missing or damaged.
        MissingExtra: only transformers could know its kind, and it is not installed.
        Unsupported: nothing here knows its kind.
    """
    kind = read_json(directory, CONFIG).get("model_type")
    if not isinstance(kind, str):
        raise UnusableModel(str(directory), f"{CONFIG} names no model_type")
    if kind not in KINDS and not _is_there("transformers"):
        raise MissingExtra(f"Writing with a model of the kind {kind}", "torch")
    if kind not in KINDS and not _is_in_transformers(kind):
        usable = ", ".join(KINDS)
        what = "write, because its kind is {kind}, and the kinds for here are {usable}"
        raise Unsupported(name, Phrase(what, kind=kind, usable=usable))
    info: ModelInfo = _package(kind).read_info(directory, name, shipped)
    return info


def load_model(
    directory: Path,
    info: ModelInfo,
    *,
    device: str = "auto",
    threads: int | None = None,
    precision: str = "fp32",
) -> Model[Any]:
    """The model in a directory, whose info has been read, with its weights.

    Args:
        device: `auto`, `cpu`, `cuda` or `cuda:N`; char-RNNs always write on the processor.
        threads: of torch; None for half of the cores.
        precision: of a GPT-2's linear layers: `fp32`, `bf16`, `int8`, or `auto` for the fastest here.

    Raises:
        UserError: it is damaged, or packages for its kind are missing.
    """
    package = _package(info.kind)
    index = index_in(directory)
    model: Model[Any]
    if info.kind in TORCHLESS:
        model = package.load(directory, info)
    else:
        options = {"precision": precision} if info.kind in KINDS else {}
        model = package.load(directory, info, device=device, threads=threads, **options)
    if index is not None:
        guard_with(model, index)
    return model


def base_in_use(directory: Path) -> Path | None:
    """The directory of the model that one writes over, where it is an adapter.

    Raises:
        UnusableModel: the base is missing, or another.
    """
    if not is_adapter(directory):
        return None
    from generators.bases import base_of

    return base_of(directory)


def adapted(base: Model[Any], directory: Path, info: ModelInfo) -> Model[Any] | None:
    """A loaded model with an adapter, with which it shares weights and steps; None where that cannot be.

    Raises:
        UnusableModel: the adapter is damaged, or made for another model.
    """
    if not isinstance(base, Adaptable) or not _speak_alike(base.vocabulary, Vocabulary.load(directory)):
        return None
    model = base.adapted(directory, info)
    if model is not None and (index := index_in(directory)) is not None:
        guard_with(model, index)
    return model


def rank(kind: str) -> int:
    """Where a kind stands in lists; the first model of the first kind is the default."""
    return list(KINDS).index(kind) if kind in KINDS else len(KINDS)


def is_installed(kind: str) -> bool:
    """Whether the packages that a kind needs to write are there."""
    return kind in TORCHLESS or (_is_there("torch") and (kind in KINDS or _is_there("transformers")))


def cache_bytes(kind: str) -> int:
    """Memory for states that may be asked for again."""
    return CACHE_BYTES if kind in TORCHLESS else TORCH_CACHE_BYTES


def _speak_alike(one: Vocabulary, other: Vocabulary) -> bool:
    return (one.names, one.start, one.end) == (other.names, other.start, other.end)


def _package(kind: str) -> Any:
    return importlib.import_module(KINDS.get(kind, OTHERS))


def _is_in_transformers(kind: str) -> bool:
    from generators.causal.catalogue import model_types

    return kind in model_types()


def _is_there(package: str) -> bool:
    if package in sys.modules:
        return sys.modules[package] is not None
    return find_spec(package) is not None
