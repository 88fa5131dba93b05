"""How many texts a step may take: fewer where memory did not suffice, and after a while as many as before."""

from __future__ import annotations

from typing import Final

CALM: Final = 256  # steps that went well before twice as many texts are tried again


class Room:
    """The places of a step.

    Args:
        most: where memory suffices.

    Attributes:
        now: at present.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._calm = 0
        self.now = most

    def share(self, work: int, least: int) -> int:
        """As much of some work as the places are of all that there were, and no less than the least."""
        return max(least, work * self.now // self._most)

    def shrink(self, taken: int) -> bool:
        """Memory did not suffice for so many; False where there was one place only, and nothing is left to give up."""
        smaller = max(1, min(self.now, taken) // 2)
        self._calm = 0
        shrunk, self.now = smaller < self.now, smaller
        return shrunk

    def went_well(self) -> None:
        """A step had memory enough."""
        if self.now < self._most:
            self._calm += 1
            if self._calm == CALM:
                self._calm = 0
                self.now = min(self._most, 2 * self.now)
