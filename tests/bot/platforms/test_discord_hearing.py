"""What people say and delete on Discord."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from storage import inbox, stories
from tests.bot.platforms.discording import Playing, playing
from tests.fakes.discord import Message
from tests.patience import PATIENCE


@pytest.fixture
async def stage(home: Path) -> AsyncIterator[Playing]:
    """The bot, connected."""
    async with playing(home) as playing_:
        yield playing_


async def begin(stage: Playing) -> Message:
    """A story's first ballot."""
    await stage.ada.slash(stage.channel, "story start", text="Once upon a", seconds=600)
    return await stage.channel.until(lambda message: message.buttons)


async def all_heard(stage: Playing) -> None:
    """Returns once the bot has dealt with everything that came before."""
    await (await stage.ada.slash(stage.channel, "status")).answered()
    await eventually(partial(stage.bot.database.read, partial(inbox.pending, platform="discord")))


async def eventually(left: Callable[[], Awaitable[list[Any]]]) -> None:
    """Returns once nothing is left."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if not await left():
                return
            await asyncio.sleep(0.01)


async def want_answers(stage: Playing) -> None:
    """Ada wants the bot to answer when it is spoken to."""
    await (await stage.ada.slash(stage.channel, "settings", name="reply", value="mention", scope="here")).answered()


async def test_reply_to_a_ballot(stage: Playing) -> None:
    """A reply to a ballot is a write-in, also without the message-content intent."""
    ballot = await begin(stage)

    await stage.ben.say(stage.channel, "foggy day", reply_to=ballot)

    await stage.channel.until("foggy day")
    await stage.direct(stage.ben).until(lambda message: "foggy day" in message.content)


async def test_reply_without_a_ping(stage: Playing) -> None:
    """A reply that does not mention the bot comes without its text, and is nothing."""
    ballot = await begin(stage)

    await stage.ben.say(stage.channel, "foggy day", reply_to=ballot, ping=False)

    await all_heard(stage)
    assert "foggy" not in ballot.content
    assert stage.direct(stage.ben).messages == []


async def test_mention(stage: Playing) -> None:
    """Where an admin wants it, a mention is answered with a reply to it."""
    await want_answers(stage)

    said = await stage.ben.say(stage.channel, f"<@{stage.discord.bot.id}> once upon a")

    answer = await stage.channel.until(lambda message: message.reply_to == said.id)
    assert answer.author is stage.discord.bot


async def test_not_wanted(stage: Playing) -> None:
    """Where nobody wants it, a mention is not answered."""
    before = len(stage.channel.messages)

    await stage.ben.say(stage.channel, f"<@{stage.discord.bot.id}> once upon a")

    await all_heard(stage)
    assert len(stage.channel.messages) == before + 1


async def test_never_bots(stage: Playing) -> None:
    """Other bots are never answered, and what people say to each other is not looked at."""
    await want_answers(stage)
    robot = stage.discord.user("Robot", bot=True)
    before = len(stage.channel.messages)

    await robot.say(stage.channel, f"<@{stage.discord.bot.id}> once upon a")
    await stage.ben.say(stage.channel, "once upon a time")

    await all_heard(stage)
    assert len(stage.channel.messages) == before + 2


async def test_direct_message(stage: Playing) -> None:
    """In a direct channel the bot says how to be answered, and answers once that is wanted."""
    place = stage.direct(stage.ben)
    await stage.ben.say(place, "once upon a")
    await place.until("/help")
    await (await stage.ben.slash(place, "settings", name="reply", value="mention", scope="here")).answered()

    said = await stage.ben.say(place, "once upon a")

    await place.until(lambda message: message.reply_to == said.id)


async def test_a_message_is_dealt_with_once(stage: Playing) -> None:
    """A message that Discord tells of twice is answered once."""
    await want_answers(stage)
    stage.discord.twice()

    said = await stage.ben.say(stage.channel, f"<@{stage.discord.bot.id}> once upon a")

    await stage.channel.until(lambda message: message.reply_to == said.id)
    await all_heard(stage)
    assert sum(message.reply_to == said.id for message in stage.channel.messages) == 1


async def test_a_deleted_ballot(stage: Playing) -> None:
    """A ballot that a moderator deletes is posted again."""
    ballot = await begin(stage)
    stage.guild.member(stage.ada, "manage_guild", "manage_messages")

    await stage.ada.delete(ballot)

    again = await stage.channel.until(lambda message: message.buttons and message.id != ballot.id)
    assert [button.label for button in again.buttons] == [button.label for button in ballot.buttons]


@pytest.mark.parametrize("way", ["channel", "thread", "server"])
async def test_places_that_go(stage: Playing, way: str) -> None:
    """A story ends without a word when its channel, thread or server is gone."""
    place = stage.channel.thread("ours") if way == "thread" else stage.channel
    await stage.ada.slash(place, "story start", text="Once upon a", seconds=600)
    await place.until(lambda message: message.buttons)

    if way == "server":
        stage.guild.remove()
    else:
        place.delete()

    await eventually(partial(stage.bot.database.read, stories.all_running))


async def test_a_server_that_goes_while_the_bot_is_off(stage: Playing) -> None:
    """A story ends when its server removed the bot while it was off; one whose server is away then goes on."""
    other = stage.discord.guild("Others", channels=["hall"])
    for place in (stage.channel, other["hall"]):
        await stage.ada.slash(place, "story start", text="Once upon a", seconds=600)
        await place.until(lambda message: message.buttons)
    await stage.close()
    stage.guild.outage()
    other.remove()

    await stage.open()

    async def others() -> list[Any]:
        running = await stage.bot.database.read(stories.all_running)
        return [story for story in running if story.guild == str(other.id)]

    await eventually(others)
    assert len(await stage.bot.database.read(stories.all_running)) == 1
    stage.discord.expected(404)  # showing it where nothing is any more


async def test_an_outage_of_a_server(stage: Playing) -> None:
    """A server that is away for a while keeps its story."""
    ballot = await begin(stage)
    stage.guild.outage()
    stage.guild.recover()

    pressed = await (await stage.ben.press(ballot, ballot.buttons[0].custom_id or "")).answered()

    assert "You voted for" in pressed.content
    assert len(await stage.bot.database.read(stories.all_running)) == 1
