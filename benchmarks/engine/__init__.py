"""The engine beside what users would take instead: `python -m benchmarks engine [ROW ...]`, see docs/performance.md."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Final

from benchmarks.engine import adapting, characters, crowds, pieces, votes
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
}


def main(rounds: int, names: Sequence[str] = ()) -> str:
    """The rows of these names, or all of them, on one core.

    Raises:
        SystemExit: there is no such row.
    """
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise SystemExit(f"there is no row {', '.join(unknown)}; the rows are {', '.join(ROWS)}")
    _pin()
    cells: list[Sequence[object]] = []
    for name in names or ROWS:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        for row in ROWS[name](rounds):
            cells.append(row.cells(name))
            print(*cells[-1], sep=" | ", file=sys.stderr, flush=True)  # so that a run that is broken off leaves some
    versions = ", ".join(f"{package} {version(package)}" for package in ("numpy", "torch", "transformers"))
    return table(f"The engine; {_processor()}, one core; {versions}; {rounds} rounds", HEADER, cells)


def _pin() -> None:
    """Keeps this process and its peers on the last core that they may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _processor() -> str:
    """The processor's name where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 – a path of Linux, no file of ours
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return "a processor without a name"
