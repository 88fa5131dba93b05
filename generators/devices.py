"""Where torch computes, and with how many threads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from generators.errors import InvalidValue

if TYPE_CHECKING:
    import torch


def device_of(name: str) -> torch.device:
    """The device that settings name; `auto` is the first GPU where there is one.

    Raises:
        InvalidValue: this machine has none of that name.
    """
    import torch

    allowed = "auto, cpu, cuda or cuda:N"
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        if device.type not in ("cpu", "cuda"):
            raise InvalidValue("device", name, allowed)
        if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
            raise InvalidValue("device", name, "auto, cpu, or a GPU that this machine has and that torch can use")
    except RuntimeError as fault:
        raise InvalidValue("device", name, allowed) from fault
    return device


def is_shortage(fault: BaseException) -> bool:
    """Whether a fault says that there is too little memory, on a GPU or beside it."""
    said = ("can't allocate memory", "out of memory", "ALLOC_FAILED")  # torch on a processor, CUDA, its libraries
    return isinstance(fault, MemoryError) or any(words in str(fault) for words in said)


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def use_threads(threads: int | None) -> None:
    """Lets torch compute with so many threads, by default half of the cores; the number holds for the process.

    A team of threads waits for its slowest: on two cores with other work on them, two threads were four to ten times
    slower than one, and on free cores reading the weights is the limit, which one thread comes near to.
    To be called by the thread that computes: OpenMP keeps the number of a team by who leads it. NumPy's linear algebra
    has a limit of its own (generators/engine/threads.py), so char-RNNs beside a GPT-2 are not slowed down by it.
    """
    import torch

    wanted = threads or max(1, cores() // 2)
    if torch.get_num_threads() != wanted:
        torch.set_num_threads(wanted)
