"""Whether a directory can be used here: it is loaded once, where the memory has room for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from generators.directory import read_json, weights_files
from generators.errors import UnusableModel
from generators.tensors import tensors_of
from generators.vocabulary import Vocabulary

COPIES: Final = 2  # of the weights in float32, while they are read and converted


def fits(directory: Path, free: int | None = None) -> bool:
    """Whether the memory has room to load a model; its headers say how large it is.

    Args:
        free: bytes; what is free now without it.
    """
    needed = COPIES * 4 * sum(tensor.parameters for tensor in tensors_of(weights_files(directory)).values())
    return needed < (_free_memory() if free is None else free)


def try_out(directory: Path, *, whole: bool) -> None:
    """Loads a model, or without its weights what is beside them.

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
        load_model(directory, info)
        return
    vocabulary, config = Vocabulary.load(directory), read_json(directory, "config.json")
    if vocabulary.size > int(config.get("vocab_size") or vocabulary.size):
        raise UnusableModel(
            str(directory), f"tokenizer.json has {vocabulary.size:,} tokens and config.json says {config['vocab_size']}"
        )


def _free_memory() -> int:
    """Bytes that can be had without swapping; all there are where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text("utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
