"""Whether a directory can be used here: it is loaded once, where the memory has room for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from generators.bases import base_of
from generators.directory import is_adapter, read_json, weights_files
from generators.errors import UnusableModel
from generators.model import Model
from generators.tensors import tensors_of
from generators.vocabulary import Vocabulary

COPIES: Final = 2  # of the weights in float32, while they are read and converted


def fits(directory: Path, free: int | None = None) -> bool:
    """Whether the memory has room to load a model, an adapter with its base; the headers say how large it is.

    Args:
        free: bytes; what is free now without it.
    """
    whole = base_of(directory) if is_adapter(directory) else None
    files = [*weights_files(directory), *([] if whole is None else weights_files(whole))]
    needed = COPIES * 4 * sum(tensor.parameters for tensor in tensors_of(files).values())
    return needed < (_free_memory() if free is None else free)


def try_out(directory: Path, *, whole: bool) -> None:
    """Loads a model and takes a step with it, or looks, without its weights, at what is beside them.

    Args:
        directory: NAME/VERSION.
        whole: whether the weights are to be loaded too.

    Raises:
        UserError: it cannot be used.
    """
    from generators.kinds import load_model
    from generators.local import Shelf

    info = Shelf(directory.parent.parent).info(directory)
    if whole:
        check_answer(load_model(directory, info), directory)
        return
    try:
        _check_headers(directory)
    except ValueError as fault:
        raise UnusableModel(str(directory), str(fault)) from fault


def check_answer(model: Model[Any], directory: Path) -> None:
    """Takes a step with a model: weights may all be numbers, and yet make none.

    Raises:
        UnusableModel: what it answers is NaN or infinite.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # that is what is looked for here
        logits = model.extend([model.start()], [[model.vocabulary.start]])
    if not np.isfinite(logits.max()):
        raise UnusableModel(str(directory), "its weights are too large: its first answer is NaN or infinite")


def _check_headers(directory: Path) -> None:
    """Compares what config.json, tokenizer.json and the headers say.

    Raises:
        UnusableModel: a file is damaged.
        ValueError: they do not fit each other.
    """
    from generators.charrnn import shape as charrnn
    from generators.gpt2 import configuration as gpt2

    vocabulary, config = Vocabulary.load(directory), read_json(directory, "config.json")
    vocabulary.check_room(int(config.get("vocab_size") or vocabulary.size))
    kind = config.get("model_type")
    if kind not in ("charrnn", "gpt2") or is_adapter(directory):
        return
    shape = charrnn.Shape.of(config) if kind == "charrnn" else gpt2.Shape.of(config)
    there = {name.removeprefix("transformer."): one.shape for name, one in tensors_of(weights_files(directory)).items()}
    for name, expected in shape.tensors().items():
        if there.get(name) != expected:
            has = list(there[name]) if name in there else "missing"
            raise ValueError(f"tensor {name} is {has} and config.json says {list(expected)}")


def _free_memory() -> int:
    """Bytes that can be had without swapping; all there are where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text("utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
