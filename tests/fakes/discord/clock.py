"""Discord's clock and the ids that it gives out."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

EPOCH: Final = 1_420_070_400_000  # ms; the first moment of 2015, Discord API v10, «Snowflakes»
A_YEAR: Final = 31_536_000_000  # ms


class Clock:
    """The real time, which a test may push forward."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Lets so much time pass at once."""
        self._ahead += seconds


class Snowflakes:
    """Ids that ascend and hold the moment when they were given."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last = 0
        self._guild = int(now() * 1000) - EPOCH - A_YEAR

    def next(self) -> int:
        """An id of this moment."""
        self._last = max((int(self._now() * 1000) - EPOCH) << 22, self._last + 1)
        return self._last

    def next_guild(self) -> int:
        """An id of a year ago, each in a millisecond of its own: guilds spread over shards by their milliseconds."""
        self._guild += 1
        return self._guild << 22


def moment(seconds: float) -> str:
    """A time as Discord writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
