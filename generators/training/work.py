"""The directory in which a training is under way: one training's at a time, and whole or said to be torn."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from safetensors import SafetensorError

from generators.training.errors import AlreadyTraining, CannotSave

LOCK: Final = "lock"


def work_of(output: Path) -> Path:
    """Where a training is under way that will be published in `output`: beside it, out of sight."""
    return output.parent / f".{output.name}.training"


@contextmanager
def held(work: Path) -> Iterator[None]:
    """Holds a work directory, which is made where it is missing, for this training alone.

    Raises:
        AlreadyTraining: another process holds it.
    """
    with saving(work):
        work.mkdir(parents=True, exist_ok=True)
    lock = FileLock(work / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise AlreadyTraining(_name(work)) from None
    try:
        yield
    finally:
        lock.release()


def refuse_if_held(work: Path) -> None:
    """Refuses a training that another one is in the way of.

    Raises:
        AlreadyTraining: another process holds the directory.
    """
    if (work / LOCK).exists():
        with held(work):
            pass


def emptied(work: Path) -> None:
    """Leaves nothing in a directory but the lock that is held."""
    for path in work.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


@contextmanager
def saving(place: Path) -> Iterator[None]:
    """Says in a sentence what of a training could not be written.

    Raises:
        CannotSave: a file could not be written, or the disk is full.
    """
    try:
        yield
    except (OSError, SafetensorError) as fault:
        raise CannotSave(str(place), disk_fault(fault)) from fault


def disk_fault(fault: Exception) -> str:
    """Why something could not be written, in the system's words where it has any."""
    return (isinstance(fault, OSError) and fault.strerror) or str(fault).splitlines()[0]


def _name(work: Path) -> str:
    return work.name.removeprefix(".").removesuffix(".training")
