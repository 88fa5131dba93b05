"""Whether a training can fit into this machine's memory at all."""

from __future__ import annotations

import ctypes
import os
import platform
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from generators.training.errors import TooLittleMemory

FULL: Final = 16  # bytes a parameter: float32 weight, gradient and AdamW's two moments
FROZEN: Final = 4
MMAP_MAX, TRIM_THRESHOLD = -4, -1  # of mallopt (glibc, malloc.h)
GROUP: Final = Path("/sys/fs/cgroup")  # a container's limits (kernel.org, cgroup-v2)


def check_memory(parameters: int, trained: int, free: int | None = None) -> None:
    """Refuses a training that is sure to run out of memory; activations, which depend on much, are not counted.

    Args:
        parameters: of the model.
        trained: how many of them learn, or the adapter's.
        free: bytes; None asks the machine, and its GPU if it trains on one.

    Raises:
        TooLittleMemory: weights, gradients and moments alone need more than is free.
    """
    import torch

    needed = trained * FULL + max(parameters - trained, 0) * FROZEN
    if free is None and torch.cuda.is_available():
        _check(needed, torch.cuda.mem_get_info()[0])
        needed = parameters * FROZEN  # here the model is only made or read
    _check(needed, free_memory() if free is None else free)


def _check(needed: int, free: int | None) -> None:
    if free is not None and needed > free:
        raise TooLittleMemory(needed, max(free, 0))


def free_memory() -> int | None:
    """Bytes that a process could still take, within its container; None where nobody says."""
    known = [bytes_ for bytes_ in (_of_machine(), _of_container()) if bytes_ is not None]
    return min(known, default=None)


@cache
def keep_freed_memory() -> None:
    """Lets this process keep what it frees, for as long as it runs.

    glibc gives each large block back to the kernel, which hands it out again page by page, zeroed: on a processor that
    costs a training that makes and forgets hundreds of megabytes in each step a fifth of its time.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(MMAP_MAX, 0)
        libc.mallopt(TRIM_THRESHOLD, 2**31 - 1)


def total_memory() -> int | None:
    """Bytes that this machine, or the container, has in all; None where nobody says."""
    try:
        known = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (OSError, ValueError):
        known = []
    with suppress(OSError, ValueError):
        known.append(int((GROUP / "memory.max").read_text("ascii")))  # «max» without a limit
    return min(known, default=None)


def _of_machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _of_container() -> int | None:
    try:
        most = int((GROUP / "memory.max").read_text("ascii"))  # «max» without a limit
        used = int((GROUP / "memory.current").read_text("ascii"))
        cached = dict(line.split() for line in (GROUP / "memory.stat").read_text("ascii").splitlines())
        return most - used + int(cached.get("inactive_file", 0))
    except (OSError, ValueError):
        return None
