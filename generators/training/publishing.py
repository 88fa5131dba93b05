"""A trained model becomes a Hugging Face directory, all at once."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CARD: Final = "README.md"
LINEAGE: Final = "planchette.json"
CURVE: Final = "curve.png"


@contextmanager
def published(parent: Path, name: Callable[[Path], str]) -> Iterator[Path]:
    """A directory to write into, which becomes `parent/name` in one rename; after an error nothing is left of it.

    Args:
        parent: where the directory will stand; made where it is missing.
        name: called with the finished directory, because a version is known only then. A directory of that name
            that is there already is replaced.
    """
    parent.mkdir(parents=True, exist_ok=True)
    building = parent / f".new-{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    try:
        yield building
        parts = list(building.rglob("*"))
        for path in parts:
            if path.is_file():
                path.chmod(0o644)  # safetensors come as 600, which another account of the same machine cannot read
        for path in [*parts, building]:
            _synced(path)
        target = parent / name(building)
        if target.exists():
            aside = parent / f".old-{os.getpid()}"
            target.rename(aside)
            building.rename(target)
            shutil.rmtree(aside)
        else:
            building.rename(target)
        _synced(parent)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def save_tokenizer(tokenizer: Tokenizer, directory: Path) -> None:
    """tokenizer.json, and the file that AutoTokenizer looks for beside it."""
    tokenizer.save(str(directory / "tokenizer.json"))
    write_json(
        directory / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": "<s>",
            "eos_token": "<s>",
            "pad_token": "<pad>",
            "clean_up_tokenization_spaces": False,
        },
    )


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


def hardware() -> str:
    """What trained a model, in a few words."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"{threads} thread{'s' if threads > 1 else ''} of {_processor()}"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _synced(path: Path) -> None:
    """On the disk before the rename: a power cut cannot publish an empty file."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
