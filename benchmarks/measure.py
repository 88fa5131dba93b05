"""Paired rounds: ours and the peer's in turn, so that a machine that slows down slows both."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """What several rounds gave."""

    values: tuple[float, ...]

    def __str__(self) -> str:
        return f"{_shown(median(self.values))}  ({_shown(min(self.values))} to {_shown(max(self.values))})"

    @property
    def median(self) -> float:
        """The value to quote."""
        return median(self.values)

    def over(self, other: Spread) -> Spread:
        """How many times another's, round by round."""
        return Spread(tuple(mine / theirs for mine, theirs in zip(self.values, other.values, strict=True)))


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def in_turn(sides: Sequence[Callable[[], float]], rounds: int) -> list[Spread]:
    """Runs all in turn after one round that is not counted."""
    for side in sides:
        side()
    laps = [[side() for side in sides] for _ in range(rounds)]
    return [Spread(values) for values in zip(*laps, strict=True)]


def paired(ours: Callable[[], float], peer: Callable[[], float], rounds: int) -> tuple[Spread, Spread, Spread]:
    """Runs both in turn after one round each that is not counted; ours, the peer's, and ours over the peer's."""
    mine, theirs = in_turn((ours, peer), rounds)
    return mine, theirs, mine.over(theirs)


def corpus(name: str) -> Path:
    """A text file of the corpora beside the checkout.

    Raises:
        SystemExit: it is not there.
    """
    path = Path(__file__).parents[2] / "shared" / "corpora" / name
    if not path.is_file():
        raise SystemExit(f"this needs {name}, in a folder shared/corpora beside the checkout")
    return path


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows as a Markdown table under the machine's description."""
    lines = [f"### {title}", "", f"{platform.machine()}, Python {platform.python_version()}, {platform.system()}", ""]
    lines += ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
