"""Talk in the room: mentions, replies, and what people say to each other."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.platforms.web.heard import Heard
from generators.scripted import Pace
from storage import inbox
from tests.bot.platforms.serving import Serving, serving
from tests.bot.platforms.test_web_api import until


@pytest.fixture
async def talkative(lobby: Serving) -> Serving:
    """A room that wants answers, with a model that is sure of itself."""
    await lobby.say("Ada", "/settings reply mention")
    await lobby.say("Ada", "/settings temperature 0")
    await until(lobby, 4)
    return lobby


async def said(lobby: Serving, count: int) -> list[Any]:
    """What was said since the settings were made."""
    return (await until(lobby, count + 4))[4:]


async def test_mention(talkative: Serving) -> None:
    """A mention is answered for all to see, without the bot's name in what the model reads."""
    await talkative.say("Ben", "@Planchette, once upon a time there was a lighthouse")

    question, answer = await said(talkative, 2)

    assert question["person"] == "Ben"
    assert answer["person"] == "planchette"
    assert answer["text"]
    assert not answer["private"]


async def test_mention_is_off(lobby: Serving) -> None:
    """Where nobody has turned it on, a mention is a line like any other."""
    await lobby.say("Ben", "@planchette hello")
    await lobby.say("Ben", "/status")

    messages = await until(lobby, 3, person="Ben")

    assert [message["person"] for message in messages] == ["Ben", "Ben", "planchette"]
    left = await lobby.bot.database.read(partial(inbox.pending, platform="web"))
    assert all("@planchette" not in item.payload["text"] for item in left)


async def test_reply(talkative: Serving) -> None:
    """A reply to something that the bot has said is answered."""
    told = (await talkative.read())[-1]

    await talkative.say("Ben", "once upon a time there was", reply_to=told["id"])

    _, answer = await said(talkative, 2)
    assert answer["person"] == "planchette"


async def test_people_among_themselves(talkative: Serving) -> None:
    """Who replies to somebody else is not answered, unless the bot is mentioned."""
    question = await talkative.say("Ben", "once upon a time")
    await talkative.say("Cleo", "there was", reply_to=question)
    await talkative.say("Cleo", "@planchette there lived", reply_to=question)

    messages = await said(talkative, 4)

    assert [message["person"] for message in messages] == ["Ben", "Cleo", "Cleo", "planchette"]


async def test_answered_once_after_a_stop(home: Path) -> None:
    """An answer that was cut short is finished where it stands."""
    pace = Pace()
    async with serving(home) as room:
        await room.say("Ada", "/settings reply mention")
        await until(room, 2)
    async with serving(home, pace=pace) as room:
        await room.say("Ben", "@planchette once upon a time")

    async with serving(home) as room:
        messages = await until(room, 4)

    assert [message["person"] for message in messages] == ["Ada", "planchette", "Ben", "planchette"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@planchette hello", "hello"),
        ("hello @planchette", "hello "),
        ("@Planchette, hello", "hello"),
        ("@planchettes hello", None),
        ("me@planchette.org", None),
        ("planchette hello", None),
    ],
)
def test_mentions(text: str, said: str | None) -> None:
    """The bot is called by its name after an @, anywhere in a line."""
    heard = Heard("lobby", "Ben", False, text, 1, None)

    assert heard.means_something == (said is not None)
    assert said is None or heard.said == said
