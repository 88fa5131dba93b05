"""What people say in a place that is logged: kept where the gate allows it, and changed or deleted when they do so.

A message that the gate refuses reaches no table and no log line. Everything of one place is stored in the order in
which it happened, so that no edit or deletion overtakes the message that it is of.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final, TypeAlias
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.commands.parser import is_command
from bot.consent.gate import DISCORD, Verdict, guild_of, root
from bot.consent.ledger import IMPORT, Ledger, ledger_of
from bot.conversation import Person, Place
from bot.sharing import Ours, everywhere, place_at
from storage import logs, names, posts
from storage.database import Database
from storage.errors import StorageError
from storage.logs import Log
from storage.posts import Post
from storage.vault import Vault

if TYPE_CHECKING:
    from bot.games.clock import Clock

LIVE: Final = "channel_log"
EARLIER: Final = IMPORT  # what was said before the log was turned on, read from the platform as an export is
PAUSE: Final = timedelta(minutes=5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that somebody wrote.

    Attributes:
        message: its id on the platform.
        at: when it was sent, by the platform.
        reply_to: the message that it answers.
        is_bot: whether a program wrote it.
        edited: when it was last changed; where it is kept already, it says from now on what it says here.
        also: other names by which others call the person.
    """

    person: Person
    place: Place
    message: str
    text: str
    at: datetime
    reply_to: str | None = None
    is_bot: bool = False
    edited: datetime | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edited:
    """A message says something else; an empty text says that nobody may read what."""

    place: Place
    message: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Deleted:
    """Messages are gone."""

    place: Place
    messages: tuple[str, ...]


Event: TypeAlias = Heard | Edited | Deleted


class Collecting:
    """Asks the gate, and stores.

    Attributes:
        ours: whether what is said at a place is this process's to keep.

    Args:
        vault: seals what is stored.
        permission: Discord's, to train on what is written there; without it nothing of Discord is heard at all.
        clock: tells how old something is.
    """

    def __init__(
        self, database: Database, vault: Vault, permission: str | None, clock: Clock, ours: Ours = everywhere
    ) -> None:
        self._database = database
        self._vault = vault
        self._permission = permission
        self._clock = clock
        self.ours = ours
        self._heard: frozenset[str] = frozenset()  # places whose log is on, and may be
        self._kept: set[str] = set()  # places of which something is kept, or was lately
        self._changed = asyncio.Event()
        self._looking = asyncio.Lock()  # so that nobody who looked earlier has the last word
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def changed(self) -> asyncio.Event:
        """Is set when other places are listened to than at this moment."""
        return self._changed

    async def look_again(self) -> None:
        """Reads which logs are on; to be called whenever that may have changed."""
        async with self._looking:
            on, kept = await self._database.read(_places)
            before = self._heard, _platforms(self._kept)
            ours = [each.place for each in on if self.ours(place_at(each.place, each.guild))]
            self._heard = frozenset(place for place in ours if self._may_hear(place))
            # a place whose server is not known may be anybody's, and only who hears of it asks
            near = {place for place, guild in kept.items() if guild is None or self.ours(place_at(place, guild))}
            self._kept = {*near, *self._heard}
        if before != (self._heard, _platforms(self._kept)):
            self._changed.set()
            self._changed = asyncio.Event()

    async def run(self) -> None:
        """Looks again every few minutes until it is cancelled: imports change what is kept beside the bot."""
        while True:
            await self._clock.sleep_until(self._clock.now() + PAUSE)
            try:
                await self.look_again()
            except StorageError as fault:
                log.warning("what is collected where could not be read; trying again", reason=str(fault))

    def wants(self, place: Place) -> bool:
        """Whether what is said there may be kept; a look into memory."""
        return bool(self._heard) and root(place) in self._heard

    def keeps(self, place: Place) -> bool:
        """Whether edits and deletions there matter, which they do as long as something is kept; a look into memory."""
        return bool(self._kept) and root(place) in self._kept

    def hears(self, platform: str) -> bool:
        """Whether anything at all is collected on a platform."""
        return any(place.startswith(f"{platform}:") for place in self._heard)

    def follows(self, platform: str) -> bool:
        """Whether edits matter anywhere on a platform."""
        return any(place.startswith(f"{platform}:") for place in self._kept)

    async def heard(self, said: Heard) -> bool:
        """Keeps a message if the gate allows it.

        Raises:
            StorageError: it cannot be stored.
        """
        return await self.take_in((said,)) > 0

    async def edited(self, place: Place, message: str, text: str, at: datetime) -> None:
        """A message that may be kept says something else now; where that may not be kept, nothing of it is."""
        await self.take_in((Edited(place, message, text, at),))

    async def deleted(self, place: Place, messages: Collection[str]) -> None:
        """Messages that may be kept are gone."""
        await self.take_in((Deleted(place, tuple(messages)),))

    async def take_in(self, events: Iterable[Event]) -> int:
        """What happened in one or more places, in order; how many messages are newly kept.

        It may come again: what is known changes nothing.

        Raises:
            StorageError: the rest could not be stored and has to come again.
        """
        matter = (event for event in events if self._matters(event))
        new = 0
        for _, group in groupby(matter, key=lambda event: root(event.place)):
            of_place = tuple(group)
            async with self.in_turn(of_place[0].place):
                if await self._database.read(partial(self._any, events=of_place)):
                    new += await self._database.write(partial(self.store, events=of_place))
        return new

    @asynccontextmanager
    async def in_turn(self, place: Place) -> AsyncIterator[None]:
        """Stores nothing else of a channel meanwhile."""
        turn = self._turns.setdefault(root(place), asyncio.Lock())
        async with turn:
            yield

    async def store(self, conn: AsyncConnection, events: Iterable[Event], source: str = LIVE) -> int:
        """The same in a transaction of the caller's, who sees to the order.

        Args:
            source: as what messages are kept: `channel_log`, or `import` for those from before the log was turned on.
        """
        new, asked = 0, Asked(self._permission, self._clock.now())
        called: dict[tuple[str, str], dict[str, None]] = {}
        for event in events:
            match event:
                case Heard():
                    if await self._may_keep(conn, event, asked, source):
                        new += await self._add(conn, post_of(event, source))
                        whose = root(event.place), event.person.key
                        called.setdefault(whose, {}).update(dict.fromkeys((event.person.name, *event.also)))
                case Edited():
                    await self._change(conn, event, asked)
                case Deleted():
                    await posts.delete(conn, root(event.place), event.messages)
        for (place, person), shown in called.items():
            await names.know(conn, self._vault, place, person, tuple(shown))
        return new

    def _may_hear(self, place: str) -> bool:
        return not place.startswith(f"{DISCORD}:") or bool(self._permission)

    def _matters(self, event: Event) -> bool:
        if not isinstance(event, Heard):
            return self.keeps(event.place)
        return self.wants(event.place) and is_said(event.text)

    async def _any(self, conn: AsyncConnection, events: Sequence[Event]) -> bool:
        """Whether there is anything to store: a group in which few agree does not keep the one writer busy."""
        asked = Asked(self._permission, self._clock.now())
        for event in events:
            if not isinstance(event, Heard) or await asked.allows(conn, post_of(event)):
                return True
        return False

    async def _may_keep(self, conn: AsyncConnection, said: Heard, asked: Asked, source: str) -> bool:
        return not said.is_bot and is_said(said.text) and await asked.allows(conn, post_of(said, source))

    async def _add(self, conn: AsyncConnection, post: Post) -> int:
        self._kept.add(post.place)
        new = await posts.add(conn, self._vault, [post])
        if not new and post.edited is not None:
            await posts.change(conn, self._vault, post.place, post.message, post.text, post.edited)
        return new

    async def _change(self, conn: AsyncConnection, edit: Edited, asked: Asked) -> None:
        place = root(edit.place)
        kept = await posts.written(conn, place, edit.message)
        if kept is None:
            return
        guild = guild_of(edit.place)
        post = Post(place, guild, kept.source, kept.person, edit.message, kept.at, edit.text, edited=edit.at)
        if is_said(edit.text) and await asked.allows(conn, post):
            await posts.change(conn, self._vault, place, post.message, edit.text, edit.at)
        else:  # what it said before nobody says any more, and what it says now may not be kept
            await posts.delete(conn, place, [edit.message])


class Asked:
    """The ledger of one transaction, as far as it was looked into.

    Args:
        permission: Discord's, by the operator's settings.
    """

    def __init__(self, permission: str | None, now: datetime) -> None:
        self._permission = permission
        self._now = now
        self._ledgers: dict[tuple[str, str], Ledger] = {}

    async def allows(self, conn: AsyncConnection, post: Post) -> bool:
        """Whether the gate lets a post be kept."""
        key = post.place, post.person
        if key not in self._ledgers:
            self._ledgers[key] = await ledger_of(conn, post.place, self._permission, self._now, post.person)
        return self._ledgers[key].verdict(post) is Verdict.ALLOWED


def post_of(said: Heard, source: str = LIVE) -> Post:
    """A message as it is kept."""
    return Post(
        place=root(said.place),
        guild=guild_of(said.place),
        source=source,
        person=said.person.key,
        message=said.message,
        at=said.at,
        text=said.text,
        reply_to=said.reply_to,
        edited=said.edited,
        thread=None if said.place.channel is None else said.place.key,
    )


def is_said(text: str) -> bool:
    """Whether a text is something said, and neither nothing nor a command."""
    return bool(text.strip()) and not is_command(text)


def _platforms(places: Iterable[str]) -> set[str]:
    return {place.partition(":")[0] for place in places}


async def _places(conn: AsyncConnection) -> tuple[list[Log], dict[str, str | None]]:
    return await logs.all_on(conn), await posts.places(conn)
