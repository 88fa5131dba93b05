"""Arrays in files without a name, for what grows with a corpus: the system keeps of them what fits into memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import IO, Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from generators.training.work import saving

BLOCK: Final = 1 << 16  # elements that are made at a time
WRITTEN: Final = 1 << 18  # bytes that are written at a time
IN_MEMORY: Final = Path("memory:")  # in place of a directory, for what may be on no disk: the ids of a sealed text

Kind = TypeVar("Kind", bound=np.generic)


class Growing(Generic[Kind]):
    """An array that grows in a file, which is gone with the last reference to it, and with the process.

    Args:
        kind: of its elements.
        directory: on the disk that it lies on; None for the system's own for such files.
    """

    def __init__(self, kind: DTypeLike, directory: Path | None = None) -> None:
        self._kind = np.dtype(kind)
        self._place = directory or Path(gettempdir())
        self._size = 0
        with saving(self._place):
            self._file = _opened(self._place)

    def __len__(self) -> int:
        return self._size

    def extend(self, values: NDArray[Any]) -> None:
        """Adds elements at the end.

        Raises:
            CannotSave: the disk is full.
        """
        with saving(self._place):
            self._file.write(np.ascontiguousarray(values, self._kind).data.cast("B") if len(values) else b"")
        self._size += len(values)

    def array(self) -> NDArray[Kind]:
        """All of it, to read; nothing can be added any more.

        Raises:
            CannotSave: the disk is full.
        """
        with saving(self._place):
            self._file.flush()
            if not self._size:
                return np.empty(0, self._kind)
            mapped = np.memmap(self._file, self._kind, "r+", shape=(self._size,))
            self._file.close()
        return np.asarray(mapped)  # a plain view: slices of np.memmap are slow


def _opened(place: Path) -> IO[bytes]:
    if place == IN_MEMORY and hasattr(os, "memfd_create"):  # elsewhere than on Linux it is a file after all
        return os.fdopen(os.memfd_create("scratch"), "w+b", WRITTEN)
    return TemporaryFile(dir=None if place == IN_MEMORY else place, buffering=WRITTEN)


def filled(kind: DTypeLike, blocks: Iterable[NDArray[Any]], directory: Path | None = None) -> NDArray[Any]:
    """An array of these blocks, end to end, in a file."""
    growing: Growing[Any] = Growing(kind, directory)
    for block in blocks:
        growing.extend(block)
    return growing.array()


def drawn(
    kind: DTypeLike, size: int, draw: Callable[[int], NDArray[Any]], directory: Path | None = None
) -> NDArray[Any]:
    """An array of so many numbers, drawn some at a time: the same as drawn at once."""
    return filled(kind, (draw(min(BLOCK, size - at)) for at in range(0, size, BLOCK)), directory)
