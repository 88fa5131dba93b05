"""What time it is, and waiting for a later one; tests hand in a clock of their own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final, Protocol

LONGEST_NAP: Final = 60.0  # seconds; the wall clock may be set meanwhile, so it is looked at again


class Clock(Protocol):
    """A clock that can be waited for."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Returns once the moment has come."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110  # time is no event
            await asyncio.sleep(min(left, LONGEST_NAP))
