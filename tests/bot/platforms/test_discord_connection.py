"""The connection to Discord: refused, lost, and made again."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import discord.errors as discord_errors
import pytest
from pydantic import SecretStr

from bot.app import Bot
from bot.configuration import Configuration, DiscordKeys
from bot.conversation import Message, Place
from bot.platforms.discord import Discord, adapter
from bot.platforms.discord.errors import IntentsRefused, WrongToken
from generators.scripted import ScriptedGenerator
from tests.bot.platforms.discording import playing
from tests.fakes.discord import DiscordServer
from tests.suite.stage import SCRIPT


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are short."""
    monkeypatch.setattr(adapter, "FIRST_PAUSE", 0.05)


async def test_wrong_token(home: Path) -> None:
    """A token that Discord does not know is one sentence, after one request."""
    async with DiscordServer() as discord:
        keys = DiscordKeys(token=SecretStr("no.such.token"), api=discord.api)
        bot = await Bot.open(Configuration(home=home, discord=keys), generator=ScriptedGenerator(SCRIPT))
        platform = Discord(bot)
        bot.register(platform)

        with pytest.raises(WrongToken, match=r"discord\.token"):
            await platform.run()

        assert len(discord.requests) == 1
        await bot.close()


@pytest.mark.parametrize(("code", "fault"), [(4004, WrongToken), (4014, IntentsRefused)])
async def test_refused_later(home: Path, code: int, fault: type[Exception]) -> None:
    """A token that is revoked while the bot runs, or intents that are, end it with a sentence."""
    async with playing(home) as stage:
        assert stage._serving is not None
        await stage.discord.close_gateway(code)

        with pytest.raises(fault):
            await stage._serving

        stage._serving = None
        await stage.bot.close()
        await stage.open()


async def test_down_at_the_start(home: Path) -> None:
    """Where Discord is away at the start, it is waited for, and what was to be said is said then."""
    async with DiscordServer() as discord:
        lobby = discord.guild("Writers", channels=["lobby"])["lobby"]
        discord.fail_next("GET", "/users/@me", status=503, times=2)
        keys = DiscordKeys(token=SecretStr(discord.token), api=discord.api)
        bot = await Bot.open(Configuration(home=home, discord=keys), generator=ScriptedGenerator(SCRIPT))
        platform = Discord(bot)
        bot.register(platform)
        serving = asyncio.create_task(platform.run())
        posting = asyncio.create_task(platform.post(Place("discord", str(lobby.id)), Message("good morning")))

        await lobby.until("good morning")
        await posting
        assert [request.status for request in discord.requests_to("GET", "/users/@me")] == [503, 503, 200]
        await discord.ready()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await bot.close()


async def test_down_for_a_while(home: Path) -> None:
    """Where Discord goes away and comes back, the bot does too, by itself."""
    async with playing(home) as stage:
        stage.discord.go_down()
        place = Place("discord", str(stage.channel.id), guild=str(stage.guild.id))
        with pytest.raises(discord_errors.DiscordServerError):
            await stage.bot.outboxes["discord"].post(place, Message("hello"))

        stage.discord.come_back()

        await stage.bot.outboxes["discord"].post(place, Message("hello again"))
        pressed = await stage.ada.slash(stage.channel, "status")
        assert "Planchette" in (await pressed.answered()).content


@pytest.mark.parametrize("way", ["drop", "request_reconnect", "resumable"])
async def test_resumed(home: Path, way: str) -> None:
    """A connection that breaks is taken up where it was: what people did meanwhile is not lost."""
    async with playing(home) as stage:
        await stage.ada.slash(stage.channel, "story start", text="Once upon a", seconds=600)
        ballot = await stage.channel.until(lambda message: message.buttons)
        if way == "resumable":
            await stage.discord.invalidate(resumable=True)
        else:
            await getattr(stage.discord, way)()

        pressed = await stage.ben.press(ballot, ballot.buttons[0].custom_id or "")

        assert "You voted for" in (await pressed.answered()).content


async def test_a_new_session(home: Path) -> None:
    """A session that is no longer valid is followed by a new one, at the address that the API names."""
    async with playing(home) as stage:
        await stage.discord.invalidate()
        await stage.discord.until(lambda: stage.discord.gateway.identifies == 2)
        await stage.discord.ready()

        told = await (await stage.ada.slash(stage.channel, "status")).answered()

        assert "Planchette" in told.content


def test_an_outage_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """What the library logs of a gateway that cannot be reached is one line that says why, without a traceback."""
    fault = OSError("nobody answers")

    logging.getLogger("discord.shard").error("Attempting a reconnect for shard ID %s", 0, exc_info=fault)

    (line,) = caplog.records
    assert line.message == "Attempting a reconnect for shard ID 0: nobody answers"
    assert line.exc_info is None


async def test_strange_events(home: Path) -> None:
    """Events and fields that no library knows are passed over."""
    async with playing(home) as stage:
        stage.discord.strange()

        told = await (await stage.ada.slash(stage.channel, "status")).answered()

        assert "Planchette" in told.content


async def test_out_of_order(home: Path) -> None:
    """Events that come in another order than they happened are each dealt with once."""
    async with playing(home) as stage:
        stage.discord.hold()
        asked = [await stage.ada.slash(stage.channel, name) for name in ("status", "help", "temperature")]

        stage.discord.release(reverse=True)

        told = [(await each.answered()).content for each in asked]
        assert "Planchette" in told[0]
        assert "/generate" in told[1]
        assert "temperature" in told[2]
        assert [len(each.responses) for each in asked] == [1, 1, 1]


async def test_told_to_wait(home: Path) -> None:
    """A request that Discord wants later is made later; one that failed is made again."""
    async with playing(home) as stage:
        place = Place("discord", str(stage.channel.id), guild=str(stage.guild.id))
        stage.discord.limit_next("POST", "/channels/*/messages", retry_after=0.2)
        await stage.bot.outboxes["discord"].post(place, Message("later"))
        stage.discord.fail_next("POST", "/channels/*/messages", status=502)
        await stage.bot.outboxes["discord"].post(place, Message("again"))

        assert [message.content for message in stage.channel.messages] == ["later", "again"]


async def test_commands_that_cannot_be_registered(home: Path) -> None:
    """Where Discord does not take the commands, the bot plays on with those that are there."""
    async with playing(home) as stage:
        application = stage.discord.application.id
        stage.discord.application.registered[0].popitem()
        stage.discord.fail_next("PUT", f"/applications/{application}/commands", status=400)

        await stage.restart()

        assert "Planchette" in (await (await stage.ada.slash(stage.channel, "status")).answered()).content
