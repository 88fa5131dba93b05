"""Forgetting what was dealt with long ago."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from storage import inbox
from storage.database import Database
from storage.errors import StorageError

if TYPE_CHECKING:
    from bot.games.clock import Clock

KEPT: Final = timedelta(days=7)  # platforms deliver again for a day at most
PAUSE: Final = timedelta(days=1)

log = structlog.get_logger(__name__)


class Clearing:
    """Clears the inbox of what is done, at the start and once a day."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Clears until it is cancelled."""
        while True:
            try:
                await self._database.write(partial(inbox.clear, before=self._clock.now() - KEPT))
            except StorageError as fault:
                log.warning("the inbox was not cleared", reason=str(fault))
            await self._clock.sleep_until(self._clock.now() + PAUSE)
