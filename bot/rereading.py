"""Edits and deletions that nobody told of: what is kept is compared with what stands on the platform.

Whoever was away long enough is told of no edit and no deletion in the meantime. So all that is kept is looked up again
then, the newest first, a page at a time. Nothing is deleted here because a platform is silent: only where it says of a
message that there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.collecting import Collecting, Deleted, Edited, Event
from bot.conversation import Place
from bot.history import Unreachable, Unreadable
from bot.sharing import place_at
from storage import copies, posts
from storage.copies import Copy
from storage.database import Database
from storage.errors import StorageError

if TYPE_CHECKING:
    from bot.games.clock import Clock

AGAIN: Final = timedelta(minutes=5)  # after the platform or the database did not answer

log = structlog.get_logger(__name__)


class Version(NamedTuple):
    """What a message says now, and since when."""

    text: str
    edited: datetime | None


class Stand(NamedTuple):
    """Messages that follow each other, by their ids, and whether others may follow."""

    messages: Mapping[str, Version]
    more: bool


class Present(Protocol):
    """What a platform tells of the messages that stand there; their ids are numbers that grow."""

    @property
    def platform(self) -> str: ...

    async def stand(self, source: str, after: str) -> Stand:
        """The messages of a channel or thread that follow one, all of them, whoever wrote them.

        Raises:
            Unreachable, Unreadable: they cannot be read.
        """
        ...

    async def is_gone(self, source: str, message: str) -> bool:
        """Whether there is no such message.

        Raises:
            Unreachable, Unreadable: that cannot be told.
        """
        ...


class Rereading:
    """Compares, as often as something may have been missed and as long as all that happens is heard."""

    def __init__(self, database: Database, collecting: Collecting, present: Present, clock: Clock) -> None:
        self._database = database
        self._collecting = collecting
        self._present = present
        self._clock = clock
        self._left: list[str] | None = None  # places that are still to be compared; None where it is not known which

    def missed(self) -> None:
        """Something may have happened of which nobody told."""
        self._left = None

    async def run(self) -> None:
        """Compares what is left to compare, also when it was cancelled in between."""
        while self._left is None or self._left:
            try:
                if self._left is None:
                    self._left = await self._database.read(self._places)
                while self._left:
                    await self._compare(self._left[0])
                    self._left.pop(0)
            except (StorageError, Unreachable) as fault:
                log.warning("what is kept cannot be compared now; trying again", reason=str(fault))
                await self._clock.sleep_until(self._clock.now() + AGAIN)

    async def _places(self, conn: AsyncConnection) -> list[str]:
        """Those on the platform that this process serves; of a place whose server is not known, one does so too."""
        known = {key: place_at(key, guild) for key, guild in (await posts.places(conn)).items()}
        ours = self._collecting.ours
        return [key for key, place in known.items() if place.platform == self._present.platform and ours(place)]

    async def _compare(self, place: str) -> None:
        before: Copy | None = None
        unreadable: set[str] = set()
        while page := await self._database.read(partial(copies.page, place=place, before=before)):
            before = page[-1]
            for key in dict.fromkeys(copy.thread or place for copy in page):
                written = [copy for copy in page if (copy.thread or place) == key and copy.message.isdecimal()]
                if not written or key in unreadable:
                    continue
                try:
                    await self._compare_in(place, key.partition(":")[2], written)
                except Unreadable as fault:
                    unreadable.add(key)
                    log.info("what is kept cannot be compared", place=key, reason=str(fault))

    async def _compare_in(self, place: str, source: str, written: Sequence[Copy]) -> None:
        """Compares some messages of one channel or thread."""
        left = sorted(written, key=lambda copy: int(copy.message))
        while left:
            channel = Place(self._present.platform, place.partition(":")[2])
            async with self._collecting.in_turn(channel):  # an edit that is told just now waits until this is stored
                stand = await self._present.stand(source, str(int(left[0].message) - 1))
                last = max(map(int, stand.messages), default=0)
                told = [copy for copy in left if not stand.more or int(copy.message) <= last]
                events = await self._events(channel, source, told, stand)
                if events:
                    await self._database.write(partial(self._collecting.store, events=events))
            left = left[len(told) :]

    async def _events(self, channel: Place, source: str, told: Sequence[Copy], stand: Stand) -> list[Event]:
        """What has happened to these messages."""
        events: list[Event] = []
        gone = [copy.message for copy in told if copy.message not in stand.messages]
        if gone and await self._present.is_gone(source, gone[0]):  # and is not merely hidden from us
            events.append(Deleted(channel, tuple(gone)))
        for copy in told:
            now = stand.messages.get(copy.message)
            if now is not None and now.edited is not None and (copy.edited is None or copy.edited < now.edited):
                events.append(Edited(channel, copy.message, now.text, now.edited))
        return events
