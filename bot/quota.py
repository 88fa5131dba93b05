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

    def wait(self, name: str, uses: int = 1) -> float:
        """Seconds until there is room for more uses; 0 where there is.

        Args:
            uses: at once; more than ever fit need all the room there is.
        """
        now = self._ticks()
        taken = self._taken.get(name, deque())
        while taken and taken[0] <= now - self.seconds:
            taken.popleft()
        over = len(taken) + min(uses, self.times) - self.times
        return taken[over - 1] + self.seconds - now if over > 0 else 0.0

    def take(self, name: str, uses: int = 1) -> float:
        """Counts uses where there is room for all; otherwise the seconds until there is."""
        if wait := self.wait(name, uses):
            return wait
        now = self._ticks()
        self._taken.setdefault(name, deque()).extend([now] * uses)
        if len(self._taken) > SWEEP:
            self._taken = {key: uses for key, uses in self._taken.items() if uses and uses[-1] > now - self.seconds}
        return 0.0
