"""What was said in a logged place while nobody listened: read from the platform page by page, from where it stood.

A log remembers until when everything of its place is known (`since`), and how far each channel or thread has been read
after that. Reading stops and goes on at any page, pages come one at a time, and each is stored together with where it
ends: so the memory that it takes does not grow, nothing is stored twice, and a restart or a lost connection leaves no
gap. What was said before anybody agreed is not even asked for.

Nor is what was said before a log was turned on again. While it was off people were told that nothing is collected, and
what had been collected until then was deleted before their eyes: neither comes back, whoever agreed at that time. So
such a place is read from that moment on, which costs a page; and what comes of before it all the same is handed to the
gate as a live message is, which refuses it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.collecting import EARLIER, LIVE, Collecting, Heard
from bot.conversation import Place
from bot.progress import Progress
from bot.sharing import place_at
from storage import consents, logs
from storage.database import Database
from storage.errors import StorageError
from storage.logs import Log

if TYPE_CHECKING:
    from bot.games.clock import Clock

MARGIN: Final = timedelta(minutes=5)  # a connection that has died unnoticed is noticed in less, and so are wrong clocks
PAUSE: Final = timedelta(minutes=5)  # between two notes of how far everything is known

log = structlog.get_logger(__name__)


class Unreachable(Exception):
    """The platform does not answer; it may do so later."""


class Unreadable(Exception):
    """The platform does not let us read somewhere."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some messages that follow each other.

    Attributes:
        said: those that people wrote, oldest first.
        last: the id of the last of all; None where there were none.
        more: whether others may follow.
    """

    said: Sequence[Heard]
    last: str | None
    more: bool


class Past(Protocol):
    """What a platform tells of what was said earlier."""

    @property
    def platform(self) -> str: ...

    def sources(self, place: Place, since: datetime) -> AsyncIterator[str]:
        """Ids of the channel and of those of its threads in which something was said since then.

        Raises:
            Unreachable, Unreadable: they cannot be told.
        """
        ...

    async def page(self, place: Place, source: str, after: str | None, since: datetime) -> Page:
        """The messages of a channel or thread that follow one, or a moment where that is None.

        Args:
            place: the channel that they belong to.

        Raises:
            Unreachable, Unreadable: they cannot be read.
        """
        ...


class History:
    """Reads what is missing of the logs of one platform, as long as what is said there arrives.

    Args:
        pause: between two notes of how far everything is known.
    """

    def __init__(
        self, database: Database, collecting: Collecting, past: Past, clock: Clock, pause: timedelta = PAUSE
    ) -> None:
        self._database = database
        self._collecting = collecting
        self._past = past
        self._clock = clock
        self._pause = pause
        self._known: dict[str, datetime] = {}  # places of which nothing is missing, and since when their log is on

    def missed(self) -> None:
        """Something that was said could not be stored: all places are looked through again."""
        self._known.clear()

    async def run(self) -> None:
        """Reads, and keeps noting how far, until it is cancelled, as it has to be when the connection is lost."""
        self._known.clear()
        while True:
            changed = self._collecting.changed
            try:
                for each in await self._database.read(logs.all_on):
                    if self._collecting.wants(_place(each)) and each.place.startswith(f"{self._past.platform}:"):
                        await self._look(each)
            except StorageError as fault:
                log.warning("the history cannot be stored; trying again", reason=str(fault))
            await self._rest(changed)

    async def _look(self, log_: Log) -> None:
        """Reads what is missing of one place, or notes that nothing is."""
        now = self._clock.now()
        if self._known.get(log_.place) == log_.since:
            await self._note(log_, now - MARGIN)
            return
        try:
            if await self._read(log_):
                await self._note(log_, now - MARGIN)
                self._known[log_.place] = log_.since
                log.info("the history is read", place=log_.place)
        except Unreadable as fault:
            log.warning("the history cannot be read", place=log_.place, reason=str(fault))
        except Unreachable as fault:
            log.warning("the history cannot be read now; trying again", place=log_.place, reason=str(fault))

    async def _read(self, log_: Log) -> bool:
        """Reads all that is missing of a place; False where its log was turned meanwhile."""
        first = await self._database.read(partial(_agreed, place=log_.place))
        progress = Progress.of(log_.history)
        if first is None:
            return True  # nobody agrees: there is nothing to read
        if progress is None:
            progress = Progress(first)
        place = _place(log_)
        async for source in self._past.sources(place, progress.since):
            more = True
            while more:
                async with self._collecting.in_turn(place):  # an edit of what is on this page waits until it is stored
                    try:
                        page = await self._past.page(place, source, progress.after.get(source), progress.since)
                    except Unreadable as fault:
                        if source == place.id:
                            raise
                        log.info("a thread cannot be read", place=log_.place, thread=source, reason=str(fault))
                        break
                    if page.last is not None:
                        progress = progress.read(source, page.last)
                    take = partial(self._take, log_=log_, page=page, progress=progress)
                    if not await self._database.write(take):
                        return False
                more = page.more
        return True

    async def _take(self, conn: AsyncConnection, log_: Log, page: Page, progress: Progress) -> bool:
        """Stores a page and where it ends; False where the log is another one by now."""
        if not await _is(conn, log_):
            return False
        earlier = EARLIER if progress.barred is None else LIVE  # as which the gate refuses it
        await self._collecting.store(conn, (said for said in page.said if said.at < log_.since), earlier)
        await self._collecting.store(conn, (said for said in page.said if said.at >= log_.since))
        await logs.keep_history(conn, log_.place, progress.json())
        return True

    async def _note(self, log_: Log, until: datetime) -> None:
        """Notes until when everything is known; what was read after that is read again, which changes nothing."""

        async def note(conn: AsyncConnection) -> None:
            if await _is(conn, log_):
                progress = Progress.of(log_.history) or Progress(until)
                await logs.keep_history(conn, log_.place, progress.known(until).json())

        await self._database.write(note)

    async def _rest(self, changed: asyncio.Event) -> None:
        """Waits for a while, or until other places are logged."""
        until = asyncio.ensure_future(self._clock.sleep_until(self._clock.now() + self._pause))
        bell = asyncio.ensure_future(changed.wait())
        try:
            await asyncio.wait({until, bell}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            until.cancel()
            bell.cancel()


def _place(log_: Log) -> Place:
    return place_at(log_.place, log_.guild)


async def _agreed(conn: AsyncConnection, place: str) -> datetime | None:
    """When the first of those who agree now did so."""
    open_ones = await consents.of_place(conn, place)
    return min((consent.granted for consent in open_ones.values()), default=None)


async def _is(conn: AsyncConnection, log_: Log) -> bool:
    """Whether a log is still as it was turned on."""
    now = await logs.get(conn, log_.place)
    return now is not None and now.on and now.since == log_.since
