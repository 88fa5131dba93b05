"""Discord as a platform."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

import aiohttp
import discord
import structlog
from discord.http import Route

from bot.conversation import Limits, Message, Person, Place
from bot.platforms.discord.client import INTENTS, WITH_CONTENT, Client
from bot.platforms.discord.connection import Connection
from bot.platforms.discord.declaring import declared, sync
from bot.platforms.discord.errors import (
    AUTHENTICATION_FAILED,
    INTENTS_REFUSED,
    SHARDING_REQUIRED,
    IntentsRefused,
    TooFewShards,
    WrongToken,
)
from bot.platforms.discord.hearing import Hearing
from bot.platforms.discord.pace import RATE
from bot.platforms.discord.people import PLATFORM
from bot.platforms.discord.speaking import Speaking

if TYPE_CHECKING:
    from bot.app import Bot

EDITS: Final = 4.0  # seconds between two edits of a message; a channel takes five in five seconds, all its messages
FIRST_PAUSE: Final = 1.0  # seconds after Discord could not be reached; doubles as long as that goes on
LONGEST_PAUSE: Final = 120.0  # seconds
SETTLING: Final = 10.0  # seconds that answers get before the bot connects anew to hear more or less
OUTAGES: Final = (OSError, TimeoutError, aiohttp.ClientError, discord.DiscordException)

log = structlog.get_logger(__name__)


class Discord:
    """Translates between the bot and Discord, and keeps to what Discord allows."""

    name = PLATFORM
    keeps_messages = True

    def __init__(self, bot: Bot) -> None:
        Route.BASE = bot.configuration.discord.api.rstrip("/")
        self._bot = bot
        self._connection = Connection()
        self._speaking = Speaking(self._connection.wire, self._connection.permissions)
        self._hearing = Hearing(bot, self._speaking, self._connection)
        self._pause = FIRST_PAUSE
        self._refused: asyncio.Event | None = None  # what was collected when Discord refused the messages' content

    def limits(self, place: Place, reply_to: str | None = None) -> Limits:
        """Discord counts requests over all; how many a channel takes its answers say, and the library waits for it."""
        if self._speaking.answers(reply_to):
            return Limits(EDITS)
        return Limits(EDITS, per_second=RATE * self._bot.share.part)

    async def post(
        self, place: Place, message: Message, *, private_for: Person | None = None, reply_to: str | None = None
    ) -> str:
        """Posts a message, or answers the interaction that asked."""
        async with self._connection.held():
            return await self._speaking.post(place, message, private_for, reply_to)

    async def edit(self, place: Place, posted: str, message: Message) -> str | None:
        """Changes a message of the bot."""
        async with self._connection.held():
            return await self._speaking.edit(place, posted, message)

    async def administers(self, person: str, place: Place) -> bool:
        """Whether somebody may manage the server of a place now; everybody may manage what is theirs and the bot's."""
        async with self._connection.held():
            return place.guild is None or await self._connection.manages(int(place.guild), int(person))

    async def thread(self, place: Place, title: str) -> Place:
        """Opens a public thread."""
        async with self._connection.held():
            return await self._speaking.thread(place, title)

    async def run(self) -> None:
        """Serves until it is cancelled; takes up first what was in hand when the bot last stopped.

        Raises:
            WrongToken, IntentsRefused, TooFewShards: Discord does not want it as it is set up.
        """
        self._pause = FIRST_PAUSE
        try:
            await self._hearing.take_up()
            while True:
                try:
                    await self._connected()
                except OUTAGES as fault:
                    why = str(fault) or type(fault).__name__
                    log.warning("Discord cannot be reached", again_in=self._pause, reason=why)
                await asyncio.sleep(self._pause)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
        finally:
            await self._hearing.close()

    async def _connected(self) -> None:
        """Stays connected as long as the library can."""
        token = self._bot.configuration.discord.token
        connector, jar = aiohttp.TCPConnector(limit=0), aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session:
            intents = WITH_CONTENT if self._wants_content else INTENTS
            shards = self._bot.share.shards
            client = Client(self._hearing, partial(self._opened, session), intents, shards)
            watching = asyncio.create_task(self._watch(client))
            try:
                async with client:
                    await client.start("" if token is None else token.get_secret_value())
            except discord.LoginFailure as fault:
                raise WrongToken from fault
            except discord.PrivilegedIntentsRequired as fault:
                self._without_content(intents, fault)
            except discord.ConnectionClosed as fault:
                if fault.code == AUTHENTICATION_FAILED:
                    raise WrongToken from fault
                if fault.code == SHARDING_REQUIRED and shards is not None:  # else there are as many as it recommends
                    raise TooFewShards(str(shards)) from fault
                if fault.code not in INTENTS_REFUSED:
                    raise
                self._without_content(intents, fault)
            finally:
                watching.cancel()
                self._hearing.connected(whole=False)
                self._connection.lost()

    @property
    def _wants_content(self) -> bool:
        """Whether what people say to each other is wanted, which needs a privileged intent."""
        collecting = self._bot.collecting
        return collecting.hears(PLATFORM) and collecting.changed is not self._refused

    async def _watch(self, client: Client) -> None:
        """Ends a connection that hears more or less than is wanted by now, once what is in hand is answered."""
        while self._wants_content == client.intents.message_content:
            await self._bot.collecting.changed.wait()
        await self._hearing.settled(SETTLING)
        await client.close()

    def _without_content(self, intents: discord.Intents, fault: Exception) -> None:
        """Goes on without what people say to each other, until other places are logged.

        Raises:
            IntentsRefused: it was not that which Discord refused.
        """
        if not intents.message_content:
            raise IntentsRefused from fault
        self._refused = self._bot.collecting.changed
        log.error(
            "Discord lets the bot read no messages, so nothing is collected there; turn on «Message Content Intent» on "
            "the page «Bot» of the application at https://discord.com/developers/applications, and start the bot again"
        )

    async def _opened(self, session: aiohttp.ClientSession, client: discord.AutoShardedClient) -> None:
        """The client has logged in: what waited may be said, and the commands are registered."""
        self._connection.opened(client, session)
        self._pause = FIRST_PAUSE
        try:
            await sync(self._connection.wire(), declared(self._bot.commands))
        except discord.HTTPException:
            log.exception("the commands could not be registered with Discord")
