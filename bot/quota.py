"""How often somebody may do something: a sliding window for each name."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

SWEEP: Final = 1_000  # names kept before those that are idle are forgotten


class Quota:
    """At most `times` in any `seconds`, for each name on its own.

    Args:
        ticks: the time in seconds; only differences count.
    """

    def __init__(self, times: int, seconds: float, ticks: Callable[[], float]) -> None:
        self.times = times
        self.seconds = seconds
        self._ticks = ticks
        self._taken: dict[str, deque[float]] = {}

    def wait(self, name: str) -> float:
        """Seconds until there is room for another use; 0 where there is."""
        now = self._ticks()
        taken = self._taken.get(name, deque())
        while taken and taken[0] <= now - self.seconds:
            taken.popleft()
        return taken[0] + self.seconds - now if len(taken) >= self.times else 0.0

    def take(self, name: str) -> float:
        """Counts one use where there is room; otherwise the seconds until there is."""
        if wait := self.wait(name):
            return wait
        now = self._ticks()
        self._taken.setdefault(name, deque()).append(now)
        if len(self._taken) > SWEEP:
            self._taken = {key: uses for key, uses in self._taken.items() if uses and uses[-1] > now - self.seconds}
        return 0.0
