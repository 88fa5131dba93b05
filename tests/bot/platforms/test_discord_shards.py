"""Two bots on one Discord, each with half of its shards, over one PostgreSQL database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from bot.app import Bot
from bot.configuration import Configuration, DatabaseKeys, DiscordKeys, VaultKeys
from bot.platforms.discord import Discord
from bot.platforms.discord.errors import TooFewShards
from bot.platforms.discord.hearing import Hearing
from bot.shards import Shards
from generators.scripted import ScriptedGenerator
from storage import stories
from storage.schema import metadata
from tests.fakes.discord import Channel, DiscordServer
from tests.storage.conftest import _command
from tests.storage.conftest import postgres as postgres
from tests.suite.stage import SCRIPT

FIRST, SECOND = Shards(0, 0, 2), Shards(1, 1, 2)
KEY: Final = "a key of these tests' own that is longer than thirty-two characters"


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    """Discord; at the end the bots must have been refused nothing."""
    async with DiscordServer() as server:
        yield server
    assert server.faults == []


@pytest.fixture
async def url(postgres: Callable[[str], str]) -> AsyncIterator[str]:
    """An empty database."""
    yield postgres("migrated")
    await _command(postgres("migrated"), *(f"DELETE FROM {table}" for table in reversed(metadata.sorted_tables)))


@pytest.fixture
def lobbies(discord: DiscordServer) -> dict[Shards, Channel]:
    """A channel in a server of each shard."""
    guilds = [discord.guild(name, channels=["lobby"]) for name in ("Writers", "Readers")]
    return {shards: guild["lobby"] for guild in guilds for shards in (FIRST, SECOND) if shards.has(guild.id)}


@asynccontextmanager
async def running(discord: DiscordServer, url: str, home: Path, shards: Shards) -> AsyncIterator[Bot]:
    """A process with some of the shards, connected."""
    configuration = Configuration(
        home=home / str(shards.first),
        discord=DiscordKeys(token=SecretStr(discord.token), api=discord.api, shards=shards),
        database=DatabaseKeys(url=SecretStr(url)),
        vault=VaultKeys(key=SecretStr(KEY)),
    )
    async with AsyncExitStack() as stack:
        bot = await Bot.open(configuration, generator=ScriptedGenerator(SCRIPT))
        stack.push_async_callback(bot.close)
        platform = Discord(bot)
        bot.register(platform)
        await bot.resume()
        serving = asyncio.create_task(platform.run())

        async def end() -> None:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

        stack.push_async_callback(end)
        await discord.until(
            lambda: any(each.shard in shards and each.connection for each in discord.gateway.sessions.values())
        )
        yield bot


async def test_each_its_own(discord: DiscordServer, lobbies: dict[Shards, Channel], url: str, tmp_path: Path) -> None:
    """Each process hears of the servers of its shards alone, and answers there; direct messages are shard 0's."""
    ada = discord.user("Ada")
    async with (
        running(discord, url, tmp_path, FIRST) as first,
        running(discord, url, tmp_path, SECOND) as second,
    ):
        await discord.until(lambda: discord.application.commands)
        for channel in (*lobbies.values(), discord.dm(ada)):
            await ada.slash(channel, "story start", text="Once upon a", seconds=600)
            ballot = await channel.until(lambda message: message.buttons)
            await (await ada.press(ballot, ballot.buttons[0].custom_id or "")).answered()

        assert (first.tables.running_on("discord"), second.tables.running_on("discord")) == (2, 1)
    assert {each.shards for each in discord.gateway.sessions.values()} == {2}
    assert len(discord.requests_to("PUT", "/applications/*/commands")) == 1


async def test_away(discord: DiscordServer, lobbies: dict[Shards, Channel], url: str, tmp_path: Path) -> None:
    """Of servers that removed the bot while it was off a process notices its own, and takes no other's for one."""
    ada, lobby = discord.user("Ada"), lobbies[SECOND]
    removed = next(guild for guild in (discord.guild("Some"), discord.guild("Others")) if FIRST.has(guild.id))
    async with running(discord, url, tmp_path, FIRST), running(discord, url, tmp_path, SECOND):
        await discord.until(lambda: discord.application.commands)
        for channel in (lobby, removed["general"]):
            await ada.slash(channel, "story start", text="Once upon a", seconds=600)
            await channel.until(lambda message: message.buttons)
    removed.remove()

    async with running(discord, url, tmp_path, FIRST) as first:
        while len(left := await first.database.read(stories.all_running)) > 1:  # noqa: ASYNC110  # only it knows
            await asyncio.sleep(0.02)
        await hearing_of(first).settled(10)
        assert [story.place for story in left] == [f"discord:{lobby.id}"]
        assert len(await first.database.read(stories.all_running)) == 1
        assert first.tables.running_on("discord") == 0

    async with running(discord, url, tmp_path, SECOND) as second:
        assert second.tables.running_on("discord") == 1
    discord.expected(404)  # showing it where nothing is any more


async def test_too_few(discord: DiscordServer, tmp_path: Path) -> None:
    """A number of shards that is too low for Discord ends the bot with a sentence that names the setting."""
    keys = DiscordKeys(token=SecretStr(discord.token), api=discord.api, shards=Shards(0, 0, 1))
    bot = await Bot.open(Configuration(home=tmp_path, discord=keys), generator=ScriptedGenerator(SCRIPT))
    platform = Discord(bot)
    bot.register(platform)
    serving = asyncio.create_task(platform.run())
    await discord.until(lambda: any(each.connection for each in discord.gateway.sessions.values()))

    await discord.close_gateway(4011)

    with pytest.raises(TooFewShards, match=r"discord\.shards says, which is 0/1;"):
        await serving
    await bot.close()


def hearing_of(bot: Bot) -> Hearing:
    platform = bot.outboxes["discord"].platform
    assert isinstance(platform, Discord)
    return platform._hearing
