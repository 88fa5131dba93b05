"""The library's client: hears as little as the bot needs, and keeps none of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket

from bot.platforms.discord.pace import RATE, Pace
from bot.shards import Shards

discord.VoiceClient.warn_nacl = False  # nobody speaks here: the library need not warn that it could not
discord.VoiceClient.warn_dave = False

# Commands and buttons come without any intent; messages only say what they say where the bot is meant, or where the
# privileged intent for their content is asked for.
INTENTS: Final = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
WITH_CONTENT: Final = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=True)

OUTAGES: Final = (OSError, TimeoutError, aiohttp.ClientError, discord.DiscordException)


def _in_one_line(record: logging.LogRecord) -> bool:
    """Lets a line of the library pass; one that tells of an outage says why in place of a traceback of its insides."""
    fault = record.exc_info[1] if record.exc_info else None
    if isinstance(fault, OUTAGES):
        record.msg, record.args, record.exc_info = f"{record.getMessage()}: {fault or type(fault).__name__}", (), None
    return True


logging.getLogger("discord.shard").addFilter(_in_one_line)


class Listener(Protocol):
    """What is told of the events that matter."""

    def interaction(self, interaction: discord.Interaction[discord.AutoShardedClient]) -> None:
        """Somebody uses a command, presses a button or sends a form."""
        ...

    def message(self, message: discord.Message) -> None:
        """Somebody wrote something, or a bot did."""
        ...

    def edited(self, message: discord.Message) -> None:
        """A message says something else now, or looks otherwise."""
        ...

    def deleted(self, channel: int, guild: int | None, messages: set[int]) -> None:
        """Messages are gone."""
        ...

    def closed(self, channel: int, parent: int | None, guild: int) -> None:
        """A channel or thread is gone."""
        ...

    def ready(self, guilds: set[int]) -> None:
        """All servers that the bot is on are known, those that are away for a while among them."""
        ...

    def left(self, guild: int, channels: set[int]) -> None:
        """The bot was removed from a server."""
        ...

    def connected(self, *, whole: bool) -> None:
        """Everything that happens is heard, or from now on some of it is not."""
        ...


class Client(discord.AutoShardedClient):
    """Hands events on; the library connects again, resumes, and shares servers among shards by itself.

    Args:
        opened: called once the client has logged in, before it listens.
        intents: what it hears of.
        shards: that it has; None for as many as Discord recommends, all of them.
    """

    def __init__(
        self,
        listener: Listener,
        opened: Callable[[discord.AutoShardedClient], Awaitable[None]],
        intents: discord.Intents = INTENTS,
        shards: Shards | None = None,
    ) -> None:
        divided: dict[str, Any] = {}
        if shards is not None:
            divided = {"shard_ids": list(shards), "shard_count": shards.count}
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            http_trace=Pace(RATE if shards is None else RATE * shards.part).tracing,
            **divided,
        )
        self._listener = listener
        self._opened = opened
        self._lost: set[int] = set()  # shards without a connection

    async def setup_hook(self) -> None:
        """The first moment at which requests can be made."""
        await self._opened(self)

    async def launch_shards(self) -> None:
        """Connects where the API says, also for a new session later; the library would begin that at Discord itself."""
        if not self.is_closed():
            recommended, gateway, _ = await self.http.get_bot_gateway()
            if self.shard_ids is None:
                self.shard_count = recommended
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
        await super().launch_shards()

    async def on_ready(self) -> None:
        """Every shard was told its servers."""
        self._listener.ready({guild.id for guild in self.guilds})
        if not self._lost:
            self._listener.connected(whole=True)

    async def on_shard_ready(self, shard: int) -> None:
        """A connection is there, or there again without what happened meanwhile."""
        self._lost.discard(shard)

    async def on_shard_disconnect(self, shard: int) -> None:
        """A connection is lost; what happens meanwhile is told later only if its session can be resumed."""
        self._lost.add(shard)
        self._listener.connected(whole=False)

    async def on_shard_resumed(self, shard: int) -> None:
        """A connection is there again, and told what happened meanwhile."""
        self._lost.discard(shard)
        if not self._lost and self.is_ready():
            self._listener.connected(whole=True)

    async def on_interaction(self, interaction: discord.Interaction[discord.AutoShardedClient]) -> None:
        """Every command, press and form, known by its name alone.

        The library's DynamicItem would outlive a restart too, but drops a press on a button that a redraw has just
        taken from the message, and then the person is told only that the interaction failed.
        """
        self._listener.interaction(interaction)

    async def on_message(self, message: discord.Message) -> None:
        """Whatever is written where the bot can see it."""
        self._listener.message(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """A message that was edited, or to which Discord has added what a link leads to."""
        self._listener.edited(event.message)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """One message."""
        self._listener.deleted(event.channel_id, event.guild_id, {event.message_id})

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Many at once, by a moderator."""
        self._listener.deleted(event.channel_id, event.guild_id, event.message_ids)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """A channel; its threads are told of one by one."""
        self._listener.closed(channel.id, None, channel.guild.id)

    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        """A thread."""
        self._listener.closed(event.thread_id, event.parent_id, event.guild_id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """A server, for good; one that is only unavailable is no such event."""
        self._listener.left(guild.id, {channel.id for channel in (*guild.channels, *guild.threads)})
