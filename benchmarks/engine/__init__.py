"""The engine beside what users would take instead: `python -m benchmarks engine [ROW ...]`, see docs/performance.md."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from typing import Final

from benchmarks.engine import adapting, characters, crowds, gpu, pieces, votes
from benchmarks.engine.rows import HEADER, Goal, Row
from benchmarks.measure import table

ROWS: Final[Mapping[str, Callable[[int], list[Row]]]] = {
    "charrnn-1": characters.one,
    "charrnn-64": characters.many,
    "gpt2-1": pieces.writing(1, Goal(2.2, 3.5), Goal(0.5, 0.8)),
    "gpt2-16": pieces.writing(16, Goal(4.5, 6), Goal(0.8, 1)),
    "gpt2-64": pieces.writing(64, Goal(4.5, 6), Goal(1.1, 1.4)),
    "vote": votes.token,
    "words": votes.words,
    "adapters": adapting.adapters,
    "crowd-charrnn": crowds.characters,
    "crowd-gpt2": crowds.pieces,
    **gpu.ROWS,
}


def main(rounds: int, names: Sequence[str] = ()) -> str:
    """The rows of these names, or all that can be measured here, on one core; those on a GPU have every core.

    Raises:
        SystemExit: there is no such row, or it cannot be measured here.
    """
    cores = _cores()
    cells: list[Sequence[object]] = []
    with _on(set(sorted(cores)[-1:])):
        for name in wanted(names, gpu.lacking()):
            print(f"measuring {name}", file=sys.stderr, flush=True)
            with _on(cores) if name in gpu.ROWS else nullcontext():  # a thread that waits for a GPU keeps a core busy
                rows = ROWS[name](rounds)
            for row in rows:
                cells.append(row.cells(name))
                print(*cells[-1], sep=" | ", file=sys.stderr, flush=True)  # what a run that is broken off leaves
    versions = ", ".join(f"{package} {version(package)}" for package in ("numpy", "torch", "transformers"))
    return table(f"The engine; {_processor()}, one core; {versions}; {rounds} rounds", HEADER, cells)


def wanted(names: Sequence[str], lack: str | None) -> list[str]:
    """The rows to be measured.

    Args:
        names: of rows; none for all that can be measured here.
        lack: why those on a GPU cannot be; None where they can.

    Raises:
        SystemExit: there is no such row, or it cannot be measured here.
    """
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise SystemExit(f"there is no row {', '.join(unknown)}; the rows are {', '.join(ROWS)}")
    on_gpu = [name for name in names or ROWS if name in gpu.ROWS]
    if lack is None or not on_gpu:
        return list(names or ROWS)
    if names:
        raise SystemExit(f"{', '.join(on_gpu)} cannot be measured here: {lack}")
    print(f"{', '.join(on_gpu)} are left out: {lack}", file=sys.stderr, flush=True)
    return [name for name in ROWS if name not in on_gpu]


def _cores() -> set[int]:
    """Those that this process may use; none where the system does not tell."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


@contextmanager
def _on(cores: set[int]) -> Iterator[None]:
    """Keeps this thread, and the threads and peers that it starts, on some cores until the context is left."""
    before = _cores()
    if cores:
        os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        if before:
            os.sched_setaffinity(0, before)


def _processor() -> str:
    """The processor's name where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 – a path of Linux, no file of ours
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return "a processor without a name"
