"""What people say to each other where a log is on: handed on to be collected, and read later where it was missed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import discord
import structlog

from bot.collecting import Heard
from bot.conversation import Person, Place
from bot.history import History, Unreachable, Unreadable
from bot.platforms.discord.connection import Connection
from bot.platforms.discord.past import Past, refusals
from bot.platforms.discord.people import PLATFORM, place_of
from bot.rereading import Rereading
from storage.errors import StorageError

if TYPE_CHECKING:
    from bot.app import Bot

Soon: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]

KEPT: Final = 1000  # threads that the library does not know, and whose channels were asked for
AGAIN: Final = timedelta(seconds=10)  # between two attempts

log = structlog.get_logger(__name__)


class Overhearing:
    """Looks first whether anything is collected where something happens, and does nothing where it is not.

    Args:
        soon: carries something out in a task of its own; tasks begin in the order in which they are given.
    """

    def __init__(self, bot: Bot, connection: Connection, soon: Soon) -> None:
        self._collecting = bot.collecting
        self._connection = connection
        self._clock = bot.clock
        self._soon = soon
        past = Past(connection)
        self._history = History(bot.database, bot.collecting, past, bot.clock)
        self._rereading = Rereading(bot.database, bot.collecting, past, bot.clock)
        self._reading: list[asyncio.Task[None]] = []
        self._asked: OrderedDict[int, Place | None] = OrderedDict()
        self._asking = asyncio.Lock()  # so that of one thread everything goes on in the order in which it happened

    def message(self, message: discord.Message) -> None:
        """Somebody wrote something in their own words."""
        if self._collecting.hears(PLATFORM) and message.content and self._may_matter(message.channel, message.guild):
            self._soon(self._heard(message))

    def edited(self, message: discord.Message) -> None:
        """A message changed; where it was not its author who changed it, nothing it says did."""
        if message.edited_at is None or not self._collecting.follows(PLATFORM):
            return
        if self._may_matter(message.channel, message.guild, kept=True):
            self._soon(self._followed(partial(self._changed, message)))

    def deleted(self, channel: int, guild: int | None, messages: set[int]) -> None:
        """Messages are gone."""
        if not self._collecting.follows(PLATFORM):
            return
        where = self._connection.channel(channel, guild)
        if self._may_matter(where, guild, kept=True):
            self._soon(self._followed(partial(self._gone, where, guild, messages)))

    def connected(self, *, whole: bool) -> None:
        """All that happens is heard, so that what was missed can be read; or some of it is not."""
        self.stop()
        if whole:
            self._reading = [asyncio.create_task(work.run()) for work in (self._history, self._rereading)]
            for task in self._reading:
                task.add_done_callback(_over)

    def missed(self) -> None:
        """A new session has begun: nobody tells of the edits and deletions before."""
        self._rereading.missed()

    def stop(self) -> None:
        """Reads no further."""
        for task in self._reading:
            task.cancel()
        self._reading = []

    def _may_matter(self, channel: object, guild: discord.Guild | int | None, *, kept: bool = False) -> bool:
        """Whether something in a channel may be collected, or is; where it is not known what channel it is, it may."""
        place = self._known(channel, guild)
        if place is None:
            return not (isinstance(channel, discord.Thread) and channel.is_private())
        return self._collecting.keeps(place) if kept else self._collecting.wants(place)

    def _known(self, channel: object, guild: discord.Guild | int | None) -> Place | None:
        """Where a channel is, as far as that can be told without asking; private threads are nowhere."""
        number = guild.id if isinstance(guild, discord.Guild) else guild
        if isinstance(channel, discord.Thread) and channel.is_private():
            return None
        if number is not None and not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            return self._asked.get(channel.id) if isinstance(channel, discord.abc.Snowflake) else None
        return place_of(channel, number)

    async def _place(self, channel: object, guild: discord.Guild | int | None) -> Place | None:
        """The same; what the library does not know, such as an old thread, Discord is asked for once.

        Raises:
            Unreachable: it does not answer.
        """
        if (place := self._known(channel, guild)) is not None:
            return place
        assert isinstance(channel, discord.abc.Snowflake)
        async with self._asking:
            if isinstance(channel, discord.Thread) or channel.id in self._asked:
                return self._asked.get(channel.id)
            number = guild.id if isinstance(guild, discord.Guild) else guild
            try:
                with refusals():
                    self._asked[channel.id] = self._known(await self._connection.fetched(channel.id), number)
            except Unreadable as fault:
                log.debug("a channel is not known", channel=channel.id, reason=str(fault))
                return None
            if len(self._asked) > KEPT:
                self._asked.popitem(last=False)
            return self._asked.get(channel.id)

    async def _heard(self, message: discord.Message) -> None:
        author, reference = message.author, message.reference
        answered = reference.message_id if reference is not None and message.type is discord.MessageType.reply else None
        try:
            place = await self._place(message.channel, message.guild)
            if place is None:
                return
            said = Heard(
                person=Person(PLATFORM, str(author.id), author.display_name),
                place=place,
                message=str(message.id),
                text=message.content,
                at=message.created_at,
                reply_to=None if answered is None else str(answered),
                is_bot=author.bot,
                edited=message.edited_at,
                also=tuple(name for name in (author.global_name, author.name) if name),
            )
            await self._collecting.heard(said)
        except (StorageError, Unreachable) as fault:
            log.warning("something that was said could not be stored; it is read again", reason=str(fault))
            self._history.missed()

    async def _changed(self, message: discord.Message) -> None:
        place = await self._place(message.channel, message.guild)
        if place is not None and message.edited_at is not None:
            await self._collecting.edited(place, str(message.id), message.content, message.edited_at)

    async def _gone(self, channel: object, guild: int | None, messages: set[int]) -> None:
        place = await self._place(channel, guild)
        if place is not None:
            await self._collecting.deleted(place, [str(message) for message in sorted(messages)])

    async def _followed(self, follow: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Follows an edit or a deletion, however often it takes: nobody tells of it again."""
        while True:
            try:
                return await follow()
            except (StorageError, Unreachable) as fault:
                log.warning("an edit or a deletion could not be followed; trying again", reason=str(fault))
            await self._clock.sleep_until(self._clock.now() + AGAIN)


def _over(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (fault := task.exception()) is not None:
        log.error("the history is not read any more, until the next connection", exc_info=fault)
