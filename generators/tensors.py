"""The tensors of a model's directory, from the headers of its files: no weight is read."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Any, Final, NamedTuple

from generators.directory import check_safetensors, full_digest, weights_files
from generators.errors import UnusableModel

BITS: Final = {"BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F4": 4}  # the others' names end with theirs


class Tensor(NamedTuple):
    """What a header says about a tensor: its shape, and `bytes` on the disk."""

    shape: tuple[int, ...]
    bytes: int

    @property
    def parameters(self) -> int:
        return prod(self.shape)


def tensors_of(files: Sequence[Path]) -> dict[str, Tensor]:
    """All tensors of some files, by name, in the order of their names.

    Raises:
        UnusableModel: a file is damaged, or no safetensors at all.
    """
    found: dict[str, Tensor] = {}
    for file in files:
        found |= _header(file)
    return dict(sorted(found.items()))


def weights_digest(directory: Path) -> str:
    """SHA-256 that names the exact weights: of their file, or of the shards' digests in a row."""
    digests = [full_digest(file) for file in weights_files(directory)]
    return digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()


def _header(file: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError, safe_open

    check_safetensors(file)
    try:
        with safe_open(file, framework="numpy") as opened:
            return {name: _tensor(opened, name) for name in opened.keys()}  # noqa: SIM118  # not a mapping
    except (SafetensorError, OSError, ValueError) as fault:
        raise UnusableModel(str(file.parent), f"{file.name} is damaged ({fault})") from fault


def _tensor(opened: Any, name: str) -> Tensor:
    one = opened.get_slice(name)
    shape, kind = tuple(one.get_shape()), str(one.get_dtype())
    bits = BITS.get(kind) or int("".join(filter(str.isdigit, kind)))
    return Tensor(shape, prod(shape) * bits // 8)
