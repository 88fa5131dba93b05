"""What people do on Discord, handed to the bot: what they ask, say and delete."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import discord
import structlog

from bot.conversation import Place
from bot.platforms.discord.body import buttons_of
from bot.platforms.discord.connection import Connection
from bot.platforms.discord.dealing import Dealing
from bot.platforms.discord.heard import HeardMessage
from bot.platforms.discord.interactions import Interaction, Interactions
from bot.platforms.discord.overhearing import Overhearing
from bot.platforms.discord.people import PLATFORM, Languages, place_of, writing
from bot.platforms.discord.speaking import Speaking
from storage.below import guilds_of

if TYPE_CHECKING:
    from bot.app import Bot

KEPT: Final = 10_000  # interactions that are known when they come twice
SAID: Final = (discord.MessageType.default, discord.MessageType.reply)  # by a person, in their own words

log = structlog.get_logger(__name__)


class Hearing:
    """Listens, and deals with each thing in a task of its own."""

    def __init__(self, bot: Bot, speaking: Speaking, connection: Connection) -> None:
        self._bot = bot
        self._speaking = speaking
        self._connection = connection
        self._dealing = Dealing(bot, speaking, connection)
        self._interactions = Interactions(bot, self._dealing, connection)
        self._languages = Languages()
        self._allowed = bot.configuration.discord.guilds
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._overhearing = Overhearing(bot, connection, self._soon)

    async def take_up(self) -> None:
        """Goes on with what was in hand when the bot last stopped."""
        async for item, heard in self._dealing.left():
            self._soon(self._dealing.resumed(item, heard))

    async def close(self) -> None:
        """Stops; what is in hand goes on at the next start."""
        self._overhearing.stop()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def interaction(self, interaction: Interaction) -> None:
        """Deals with each interaction once, however often Discord tells of it."""
        if interaction.id in self._seen:
            return
        self._seen[interaction.id] = None
        if len(self._seen) > KEPT:
            self._seen.popitem(last=False)
        self._languages.learn(str(interaction.user.id), interaction.locale.value)
        self._soon(self._interactions.deal(interaction))

    def message(self, message: discord.Message) -> None:
        """Deals with what people say to the bot; bots and webhooks are never answered, the bot itself among them."""
        if not self._is_said(message):
            return
        guild = message.guild
        self._overhearing.message(message)
        answered = self._answered(message)
        named = re.compile(rf"<@!?{self._connection.me}>")
        if answered is None and guild is not None and not named.search(message.content):
            return
        text = named.sub("", message.content).strip() if named.search(message.content) else message.content
        if text or answered is None:
            self._soon(self._heard(message, text, answered))

    def edited(self, message: discord.Message) -> None:
        """Deals with what people change; what was said to the bot is dealt with already."""
        if self._is_said(message):
            self._overhearing.edited(message)

    def connected(self, *, whole: bool) -> None:
        """Everything is heard, or some of it is not."""
        self._overhearing.connected(whole=whole)

    async def settled(self, seconds: float) -> None:
        """Returns once what is in hand is dealt with, or after so long."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)

    def deleted(self, channel: int, guild: int | None, messages: set[int]) -> None:
        """Tells the bot which messages are gone."""
        self._overhearing.deleted(channel, guild, messages)
        place = place_of(self._connection.channel(channel, guild), guild)
        for message in sorted(messages):
            if self._speaking.was_deleted(str(message)):
                self._soon(self._bot.message_deleted(place, str(message)))

    def closed(self, channel: int, parent: int | None, guild: int) -> None:
        """Tells the bot that a channel or thread is gone."""
        above = None if parent is None else str(parent)
        self._soon(self._bot.place_gone(Place(PLATFORM, str(channel), above, str(guild))))

    def ready(self, guilds: set[int]) -> None:
        """Tells the bot which servers removed it while it was off; on none at all, it is more likely another bot."""
        self._overhearing.missed()
        if guilds:
            self._soon(self._removed_meanwhile(set(map(str, guilds))))

    async def _removed_meanwhile(self, guilds: set[str]) -> None:
        known = await self._bot.database.read(partial(guilds_of, platform=PLATFORM))
        for guild in known - guilds:
            if self._bot.share.has(Place(PLATFORM, guild, guild=guild)):  # of others' servers nobody tells this process
                await self._bot.guild_gone(PLATFORM, guild)

    def left(self, guild: int, channels: set[int]) -> None:
        """Tells the bot that it was removed from a server."""
        self._soon(self._bot.guild_gone(PLATFORM, str(guild), set(map(str, channels))))

    def _is_said(self, message: discord.Message) -> bool:
        """Whether a person wrote it themselves, on a server that is served."""
        if message.author.bot or message.webhook_id is not None or message.type not in SAID:
            return False
        guild = message.guild
        return guild is None or self._allowed is None or str(guild.id) in self._allowed

    def _answered(self, message: discord.Message) -> discord.Message | None:
        """The message of the bot that this one replies to."""
        answered = None if message.reference is None else message.reference.resolved
        if isinstance(answered, discord.Message) and answered.author.id == self._connection.me:
            return answered
        return None

    async def _heard(self, message: discord.Message, text: str, answered: discord.Message | None) -> None:
        """Stores what was said to the bot, and has it answered."""
        guild = None if message.guild is None else message.guild.id
        channel: object = message.channel
        if isinstance(channel, discord.PartialMessageable) and guild is not None:
            channel = await self._connection.fetched(channel.id)
        components: list[Any] = [] if answered is None else [part.to_dict() for part in answered.components]
        heard = HeardMessage(
            writing(message, self._languages),
            place_of(channel, guild),
            str(message.id),
            text,
            None if answered is None else str(answered.id),
            buttons_of(components),
        )
        item = await self._dealing.store(message.id, heard)
        if item is not None:
            await self._dealing.message(item, heard)

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("something that came in was not dealt with", exc_info=fault)
