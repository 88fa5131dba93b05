"""The connection to Discord: requests can be made while there is one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import discord

from bot.conversation import Place
from bot.platforms.discord.wire import Wire

# what is raised by requests whose session is closed under them
CLOSED: Final = (aiohttp.ClientError, ConnectionError, AssertionError, RuntimeError)


class Connection:
    """What is known of the connection of the moment."""

    def __init__(self) -> None:
        self._client: discord.AutoShardedClient | None = None
        self._wire: Wire | None = None
        self._there = asyncio.Event()

    async def there(self) -> None:
        """Returns once requests can be made."""
        await self._there.wait()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Requests that begin once there is a connection; who loses it in the middle waits for the next one.

        So a bot that is closing says nothing of what it was about to post: the next start posts it.
        """
        await self.there()
        try:
            yield
        except CLOSED as fault:
            if self._there.is_set():
                raise
            await self.there()
            raise ConnectionError("the connection to Discord was closed") from fault

    def opened(self, client: discord.AutoShardedClient, session: aiohttp.ClientSession) -> None:
        """The client has logged in."""
        self._client, self._wire = client, Wire(client, session)
        self._there.set()

    def lost(self) -> None:
        """The client has ended."""
        self._there.clear()
        self._client = self._wire = None

    def wire(self) -> Wire:
        """Requests.

        Raises:
            ConnectionError: there is no connection.
        """
        if self._wire is None:
            raise ConnectionError("there is no connection to Discord")
        return self._wire

    @property
    def me(self) -> int:
        """The bot's own id; 0 where there is no connection."""
        user = None if self._client is None else self._client.user
        return 0 if user is None else user.id

    def channel(self, channel: int, guild: int | None) -> object:
        """What is known of a channel or thread; at least its id."""
        server = None if self._client is None or guild is None else self._client.get_guild(guild)
        known = None if server is None else server.get_channel_or_thread(channel)
        return known or discord.Object(channel)

    async def fetched(self, channel: int) -> object:
        """What Discord says of a channel or thread that is not known, such as an old thread."""
        if self._client is None:
            raise ConnectionError("there is no connection to Discord")
        return await self._client.fetch_channel(channel)

    async def manages(self, guild: int, person: int) -> bool:
        """Whether a member of a server may manage it; who is no member may not."""
        if self._client is None:
            raise ConnectionError("there is no connection to Discord")
        try:  # a server that has not come yet, as after a new connection, is asked for
            server = self._client.get_guild(guild) or await self._client.fetch_guild(guild, with_counts=False)
            return (await server.fetch_member(person)).guild_permissions.manage_guild
        except discord.NotFound:
            return False

    def permissions(self, place: Place) -> discord.Permissions | None:
        """What the bot may do in a place, as far as that is known."""
        if place.guild is None:
            return None
        channel = self.channel(int(place.id), int(place.guild))
        if not isinstance(channel, discord.abc.GuildChannel | discord.Thread) or channel.guild.me is None:
            return None
        return channel.permissions_for(channel.guild.me)
