"""How long a training will take, how much memory and room it needs, and whether this machine has that."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final, NamedTuple

from bot.jobs.errors import NoRoom, TooSmallMachine
from generators.directory import read_json
from generators.training.memory import total_memory

LEAST_FOR_GPT2: Final = 3_000_000_000  # bytes of memory
FLOPS: Final = {  # of training, each second on a core: measured on 2 cores of 2.6 GHz
    "charrnn": 1.8e11,
    "gpt2": 1.7e11,
}
BARE: Final = {"charrnn": 500_000_000, "gpt2": 1_200_000_000}  # bytes: torch, transformers, batches
BYTES: Final = {"charrnn": 16, "gpt2": 5}  # a parameter: weight, gradient, two moments; an adapter's base has weights
SHARE: Final = {"charrnn": 6, "gpt2": 5}  # operations a parameter and token; an adapter's base gets no gradients
CHARACTERS: Final = {"charrnn": 1.0, "gpt2": 3.5}  # of a token
KEPT: Final = 3  # times the weights: two checkpoints and what is published
SPARE: Final = 50_000_000  # bytes of room for all else
START: Final = 15.0  # seconds until a process trains


class Estimate(NamedTuple):
    """What a training takes.

    Attributes:
        seconds: on the threads that it gets.
        memory: bytes at its peak.
        room: bytes on the disk, at most.
    """

    seconds: float
    memory: int
    room: int


def estimate(base: Path, kind: str, characters: int, epochs: float, threads: int) -> Estimate:
    """An estimate, right to a factor of two.

    Args:
        base: directory of the model.
        kind: its `model_type`.
        characters: of the text.
    """
    known = kind if kind in FLOPS else "gpt2"
    parameters = parameters_of(base)
    tokens = characters / CHARACTERS[known] * epochs
    seconds = START + SHARE[known] * parameters * tokens / (FLOPS[known] * threads)
    memory = BARE[known] + BYTES[known] * parameters
    weights = parameters * (BYTES[known] if known == "charrnn" else 1)
    return Estimate(seconds, memory, SPARE + KEPT * weights + 4 * characters)


def parameters_of(base: Path) -> int:
    """Parameters of a model, by the size of its files; of an adapter's base too, where that is named."""
    metrics = read_json(base, "planchette.json", required=False).get("metrics")
    told = metrics.get("parameters") if isinstance(metrics, dict) else None
    if isinstance(told, int):
        return told
    half = str(read_json(base, "config.json").get("dtype", "float32")).endswith("16")
    return sum(path.stat().st_size for path in base.glob("*.safetensors")) // (2 if half else 4)


def check_machine(model: str, kind: str, memory: int | None = None) -> None:
    """Refuses a GPT-2 where there is not memory enough.

    Args:
        memory: bytes in all; None asks the machine.

    Raises:
        TooSmallMachine: there is not.
    """
    have = total_memory() if memory is None else memory
    if kind != "charrnn" and have is not None and have < LEAST_FOR_GPT2:
        raise TooSmallMachine(model, have, LEAST_FOR_GPT2)


def check_room(directory: Path, needed: int) -> None:
    """Refuses a training that the disk is too full for.

    Raises:
        NoRoom: it is.
    """
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise NoRoom(free, needed)
