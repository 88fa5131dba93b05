"""Forgetting what was dealt with, or said, long ago."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import structlog

from storage import inbox, jobs, posts, turns
from storage.database import Database
from storage.errors import StorageError

if TYPE_CHECKING:
    from bot.games.clock import Clock

Terms: TypeAlias = Callable[[], Awaitable[Sequence[tuple[int, Collection[int] | None]]]]

KEPT: Final = timedelta(days=7)  # platforms deliver again for a day at most
TRAININGS: Final = timedelta(days=30)  # they say whose text they read
BATCH: Final = 1000  # messages of one transaction: whoever votes meanwhile waits for one of them, and not for millions
PAUSE: Final = timedelta(hours=1)  # what is said is kept for as long; see `storage.turns`

log = structlog.get_logger(__name__)


class Clearing:
    """Clears the inbox, talk and trainings of what is over, and what was collected long ago, at the start and hourly.

    Whatever was deleted since, here or elsewhere, is then in none of the database's files any more.

    Args:
        terms: tells for how many days what people gave to be learnt from is kept: that of all, and of those who agree
            to some wordings.
    """

    def __init__(self, database: Database, clock: Clock, terms: Terms) -> None:
        self._database = database
        self._clock = clock
        self._terms = terms

    async def run(self) -> None:
        """Clears until it is cancelled."""
        while True:
            try:
                await self._clear(self._clock.now())
            except StorageError as fault:
                log.warning("not everything was cleared; it is tried again in an hour", reason=str(fault))
            await self._clock.sleep_until(self._clock.now() + PAUSE)

    async def _clear(self, now: datetime) -> None:
        await self._database.write(partial(inbox.clear, before=now - KEPT))
        await self._database.write(partial(turns.clear, at=now))
        await self._database.write(partial(jobs.clear, before=now - TRAININGS))
        swept = 0
        for days, told in await self._terms():
            sweep = partial(posts.delete_before, at=now - timedelta(days=days), limit=BATCH, told=told)
            while deleted := await self._database.write(sweep):
                swept += deleted
        if swept:
            log.info("what was kept long enough is deleted", messages=swept)
        await self._database.purge()
