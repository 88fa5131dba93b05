"""How the real discord.py lives through connections that break, and what the stand-in does to a bot that errs."""

from __future__ import annotations

import asyncio

import discord
import pytest
from discord.backoff import ExponentialBackoff

from tests.fakes.discord import Channel, DiscordServer, Guild, User
from tests.fakes.discord.conftest import Bot, point, until
from tests.fakes.discord.remote import running
from tests.patience import PATIENCE


async def test_resume(bot: Bot, server: DiscordServer, lobby: Channel, ada: User) -> None:
    """What happened while the connection was cut is heard after it is resumed, once."""
    await server.drop()
    await ada.say(lobby, f"{server.bot.mention} missed")
    await server.ready()
    await ada.say(lobby, f"{server.bot.mention} live")

    await until(lambda: len(bot.heard) == 2)

    assert [message.content.split()[1] for message in bot.heard] == ["missed", "live"]
    assert (server.gateway.identifies, server.gateway.resumes) == (1, 1)


async def test_reconnect_request(bot: Bot, server: DiscordServer, lobby: Channel, ada: User) -> None:
    """Asked to reconnect, the bot resumes its session."""
    await server.request_reconnect()

    await server.until(lambda: server.gateway.resumes == 1)

    interaction = await ada.slash(lobby, "say", text="still here")
    assert (await interaction.answered()).content == "still here"


async def test_invalid_session(bot: Bot, server: DiscordServer, lobby: Channel, ada: User) -> None:
    """A session that is over is followed by a new one."""
    await server.invalidate()

    await server.until(lambda: server.gateway.identifies == 2 and server.gateway.complete())

    interaction = await ada.slash(lobby, "say", text="anew")
    assert (await interaction.answered()).content == "anew"


async def test_platform_down(
    bot: Bot, server: DiscordServer, lobby: Channel, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When Discord was away for a while, the bot comes back by itself."""
    monkeypatch.setattr(ExponentialBackoff, "delay", lambda _: 0.05)
    server.go_down()
    await until(lambda: not server.gateway.connections)
    server.come_back()

    await server.ready(timeout=20)

    interaction = await ada.slash(lobby, "say", text="back")
    assert (await interaction.answered()).content == "back"


async def test_wrong_token(server: DiscordServer) -> None:
    """A wrong token is refused with 401."""
    bot = Bot()

    with pytest.raises(discord.LoginFailure):
        await bot.login("wrong")

    await bot.close()
    assert server.invalid_requests == 1
    assert [fault.path for fault in server.expected(401)] == ["/users/@me"]


async def test_token_revoked_while_away(bot: Bot, server: DiscordServer) -> None:
    """A token that is revoked closes the next connection with 4004, which ends the client."""
    server.token = "another"
    await server.invalidate()

    assert bot.running is not None
    with pytest.raises(discord.ConnectionClosed) as closed:
        await asyncio.wait_for(bot.running, PATIENCE)

    assert closed.value.code == 4004
    server.expected(4004)


async def test_disallowed_intents(server: DiscordServer, guild: Guild) -> None:
    """Privileged intents that are not switched on close the connection with 4014."""
    bot = Bot(intents=discord.Intents(guilds=True, guild_messages=True, message_content=True))
    await bot.login(server.token)

    with pytest.raises(discord.PrivilegedIntentsRequired):
        await asyncio.wait_for(bot.connect(), PATIENCE)

    await bot.close()
    server.expected(4014)


async def test_allowed_intents(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the message-content intent switched on the bot reads everything."""
    async with DiscordServer(message_content=True) as server:
        point(monkeypatch, server)
        lobby, ada = server.guild("Writers", channels=["lobby"])["lobby"], server.user("Ada")
        bot = Bot(intents=discord.Intents(guilds=True, guild_messages=True, message_content=True))
        await bot.begin(server)

        await ada.say(lobby, "to nobody")

        await until(lambda: bot.heard)
        assert bot.heard[0].content == "to nobody"
        await bot.end()


async def test_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each shard hears of its own guilds."""
    async with DiscordServer(shards=2) as server:
        point(monkeypatch, server)
        guilds = [server.guild(f"guild {number}") for number in range(4)]
        bot, ada = Bot(), server.user("Ada")

        await bot.begin(server)

        await until(lambda: len(bot.guilds) == 4)
        assert {bot.get_guild(guild.id).shard_id for guild in guilds} == {0, 1}
        for guild in guilds:
            interaction = await ada.slash(guild["general"], "say", text=guild.name)
            assert (await interaction.answered()).content == guild.name
        await bot.end()
        assert server.faults == []


async def test_events_twice_and_out_of_order(bot: Bot, server: DiscordServer, lobby: Channel, ada: User) -> None:
    """Events can come twice, and in another order than they happened."""
    server.twice()
    await ada.say(lobby, f"{server.bot.mention} 1")
    server.hold()
    await ada.say(lobby, f"{server.bot.mention} 2")
    await ada.say(lobby, f"{server.bot.mention} 3")
    server.release()

    await until(lambda: len(bot.heard) == 4)

    assert [message.content[-1] for message in bot.heard] == ["1", "1", "3", "2"]


async def test_strange_events(bot: Bot, server: DiscordServer, lobby: Channel, ada: User) -> None:
    """Unknown event types and fields do not disturb the library."""
    server.strange()

    interaction = await ada.slash(lobby, "say", text="hello")

    assert (await interaction.answered()).content == "hello"
    assert "SOMETHING_NEW" in bot.events


async def test_limit_on_demand(bot: Bot, server: DiscordServer, lobby: Channel) -> None:
    """The library waits as long as a 429 asks, then sends again."""
    server.limit_next("POST", "/channels/*/messages", retry_after=0.2)

    await bot.get_partial_messageable(lobby.id).send("patience")

    first, second = server.requests_to("POST", "/channels/*/messages")
    assert (first.status, second.status) == (429, 200)
    assert second.at - first.at >= 0.2


async def test_failure_on_demand(bot: Bot, server: DiscordServer, lobby: Channel) -> None:
    """The library sends again after a 502."""
    server.fail_next("POST", "/channels/*/messages", status=502)

    await bot.get_partial_messageable(lobby.id).send("again")

    assert [message.content for message in lobby.messages] == ["again"]


async def test_pacing_of_the_library(bot: Bot, server: DiscordServer, lobby: Channel) -> None:
    """The library reads the headers of a bucket and never runs over it."""
    place = bot.get_partial_messageable(lobby.id)
    said = [server.desk.post(lobby, {"content": str(number)}, []) for number in range(6)]

    await asyncio.gather(*(place.get_partial_message(message.id).delete() for message in said))

    sent = server.requests_to("DELETE", "/channels/*/messages/*")
    assert [request.status for request in sent] == [204] * 6
    assert sent[5].at - sent[0].at >= 1
    assert lobby.messages == []


async def test_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in runs in a process of its own and is scripted over HTTP."""
    async with running() as remote:
        where = remote.addresses
        monkeypatch.setattr(discord.http.Route, "BASE", where["api"])
        guild = await remote.call("guild", "Writers", channels=["lobby"])
        ada, lobby = await remote.call("user", "Ada"), guild["channels"][0]
        bot = Bot()
        await bot.login(where["token"])
        task = asyncio.create_task(bot.connect())
        await remote.call("ready")

        interaction = await remote.call("slash", lobby, "story start", on=ada, text="Once")
        message = await remote.call("answered", on=interaction)
        press = await remote.call("press", message, "v:1", on=ada)

        assert (await remote.call("answered", on=press))["content"] == "1 votes"
        assert (await remote.call("until", "votes", on=lobby))["buttons"][0]["custom_id"] == "v:1"
        assert await remote.get("faults") == []
        with pytest.raises(AssertionError, match="CommandNotOffered"):
            await remote.call("slash", lobby, "dance", on=ada)
        await bot.close()
        await asyncio.gather(task, return_exceptions=True)
