"""Forgetting what was dealt with, or said, long ago."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from storage import inbox, turns
from storage.database import Database
from storage.errors import StorageError

if TYPE_CHECKING:
    from bot.games.clock import Clock

KEPT: Final = timedelta(days=7)  # platforms deliver again for a day at most
PAUSE: Final = timedelta(hours=1)  # what is said is kept for as long; see `storage.turns`

log = structlog.get_logger(__name__)


class Clearing:
    """Clears the inbox of what is done, and talk of what is over, at the start and every hour."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Clears until it is cancelled."""
        while True:
            try:
                await self._database.write(partial(inbox.clear, before=self._clock.now() - KEPT))
                await self._database.write(partial(turns.clear, at=self._clock.now()))
            except StorageError as fault:
                log.warning("nothing was cleared", reason=str(fault))
            await self._clock.sleep_until(self._clock.now() + PAUSE)
