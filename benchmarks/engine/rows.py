"""A row of the table: ours, a peer's, how many times ours is the peer's, and what that ratio is to reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from benchmarks.measure import Spread

HEADER: Final = ("row", "what", "ours", "peer", "ratio", "to reach", "stretch", "reached")

Side: TypeAlias = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a ratio is to reach.

    Attributes:
        least: the ratio that counts as reached; where less is better, the most that does.
        stretch: the ratio that is wished for.
        below: less is better, as of times.
    """

    least: float
    stretch: float
    below: bool = False

    def shown(self, value: float) -> str:
        """One of the two ratios as the table has it."""
        return f"{'≤' if self.below else '≥'} {value:g}"

    def verdict(self, ratio: float) -> str:
        """How far a ratio has come."""
        return next(
            (name for name, goal in (("stretch", self.stretch), ("yes", self.least)) if self._is_met(ratio, goal)),
            "no",
        )

    def _is_met(self, ratio: float, goal: float) -> bool:
        return ratio <= goal if self.below else ratio >= goal


@dataclass(frozen=True, slots=True)
class Row:
    """A row that has been measured.

    Attributes:
        what: is measured, with its unit.
        ours, peer: what the rounds gave.
        goal: of ours over the peer's, round by round.
    """

    what: str
    ours: Spread
    peer: Spread
    goal: Goal

    def cells(self, name: str) -> Sequence[object]:
        """As `HEADER` has it."""
        ratio = self.ours.over(self.peer)
        goal = self.goal
        return (
            name,
            self.what,
            self.ours,
            self.peer,
            ratio,
            goal.shown(goal.least),
            goal.shown(goal.stretch),
            goal.verdict(ratio.median),
        )
