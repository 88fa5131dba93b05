"""Forgetting what was dealt with, or said, long ago."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from storage import inbox, posts, turns
from storage.database import Database
from storage.errors import StorageError

if TYPE_CHECKING:
    from bot.games.clock import Clock

KEPT: Final = timedelta(days=7)  # platforms deliver again for a day at most
BATCH: Final = 1000  # messages of one transaction: whoever votes meanwhile waits for one of them, and not for millions
PAUSE: Final = timedelta(hours=1)  # what is said is kept for as long; see `storage.turns`

log = structlog.get_logger(__name__)


class Clearing:
    """Clears the inbox of what is done, talk of what is over, and what was collected long ago, at the start and hourly.

    Args:
        retention: tells for how many days what people gave to be learnt from is kept; then nothing of it is left in the
            database's files.
    """

    def __init__(self, database: Database, clock: Clock, retention: Callable[[], Awaitable[int]]) -> None:
        self._database = database
        self._clock = clock
        self._retention = retention
        self._to_purge = True  # an earlier process may have been ended in between

    async def run(self) -> None:
        """Clears until it is cancelled."""
        while True:
            try:
                await self._database.write(partial(inbox.clear, before=self._clock.now() - KEPT))
                await self._database.write(partial(turns.clear, at=self._clock.now()))
                await self._sweep(self._clock.now() - timedelta(days=await self._retention()))
            except StorageError as fault:
                log.warning("nothing was cleared", reason=str(fault))
            await self._clock.sleep_until(self._clock.now() + PAUSE)

    async def _sweep(self, before: datetime) -> None:
        """Deletes what was said before a moment, from the database's files as well."""
        swept = 0
        while deleted := await self._database.write(partial(posts.delete_before, at=before, limit=BATCH)):
            swept += deleted
        if swept:
            log.info("what was kept long enough is deleted", messages=swept)
        self._to_purge |= swept > 0
        if self._to_purge:
            self._to_purge = not await self._database.purge()
