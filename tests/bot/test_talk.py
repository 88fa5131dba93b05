"""What is said to the bot, and what it answers where an admin wants that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from bot.app import Bot
from bot.configuration import load_configuration
from bot.conversation import Person, Place
from bot.talk import prompt_of, spoken
from generators.scripted import Cue, Script, ScriptedGenerator
from storage import inbox
from storage.turns import Turn
from tests.bot.conftest import ADA, BEN, LOBBY, Ticks
from tests.bot.test_once import Killed, killing, pending
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform

SCRIPT = Script(
    texts=(
        '"Hello."\n"Good day to you," said the fox.',
        '"Who is there?"\n"A fox."\n"Which fox?"\n"The red one."\nThe end.',
    ),
    order=12,
    smoothing=0.0001,
    cues=(Cue(when="thunder", after=2),),
)
HOME = Place("telegram", "7")
BEN_THERE = Person("telegram", "7", "Ben")


@pytest.fixture
async def bot(home: Path, platform: FakePlatform, clock: FakeClock, ticks: Ticks) -> AsyncIterator[Bot]:
    """A bot that knows two short conversations, in a place that wants answers."""
    bot = await Bot.open(load_configuration(home), generator=ScriptedGenerator(SCRIPT), clock=clock, ticks=ticks)
    bot.register(platform)
    bot.register(FakePlatform("telegram"))
    await bot.settings.change(LOBBY, "reply", "mention", by=ADA)
    await bot.settings.change(LOBBY, "temperature", "0", by=ADA)
    yield bot
    await bot.close()


async def test_answered(bot: Bot, platform: FakePlatform) -> None:
    """What is said to the bot is answered as a reply, without quotes and without what a narrator adds."""
    meant = await bot.talked_to("Hello.", person=BEN, place=LOBBY, message="m1")

    assert meant
    assert [(said.text, said.reply_to) for said in platform.said] == [("Good day to you.", "m1")]


async def test_conversation(bot: Bot, platform: FakePlatform) -> None:
    """The last turns of the place are what the answer goes on from; a reply to the bot is one of them."""
    await bot.talked_to("Who is there?", person=BEN, place=LOBBY, message="m1")

    await bot.reply("Which fox?", person=ADA, place=LOBBY, message=platform.said[0].id, asked="m2")

    assert [said.text for said in platform.said] == ["A fox.", "The red one."]
    assert platform.said[1].reply_to == "m2"


async def test_not_wanted(bot: Bot, platform: FakePlatform) -> None:
    """Where nobody has turned it on, the bot stays silent."""
    cellar = Place("web", "cellar")

    assert not await bot.talked_to("Hello.", person=BEN, place=cellar, message="m1")
    assert not await bot.reply("Hello.", person=BEN, place=cellar, message="x", asked="m2")

    assert platform.said == []


async def test_nothing_said(bot: Bot, platform: FakePlatform) -> None:
    """A mention without a word is no question."""
    assert not await bot.talked_to(" \u2063", person=BEN, place=LOBBY, message="m1")

    assert platform.said == []


async def test_hint_in_a_private_chat(bot: Bot, ticks: Ticks) -> None:
    """In a private chat a text that is no command gets a hint, once an hour."""
    telegram = bot.outboxes["telegram"].platform
    assert isinstance(telegram, FakePlatform)

    await bot.talked_to("Hello.", person=BEN_THERE, place=HOME, message="1")
    await bot.talked_to("Hello?", person=BEN_THERE, place=HOME, message="2")
    ticks.now += 3_601
    await bot.talked_to("Hello!", person=BEN_THERE, place=HOME, message="3")

    assert len(telegram.said) == 2
    assert "/help" in telegram.said[0].text
    assert "/settings reply mention" in telegram.said[0].text


async def test_no_hint_in_a_group(bot: Bot) -> None:
    """In a group nobody asked for, there is no hint either."""
    telegram = bot.outboxes["telegram"].platform
    assert isinstance(telegram, FakePlatform)

    await bot.talked_to("Hello.", person=BEN_THERE, place=Place("telegram", "-100"), message="1")

    assert telegram.said == []


async def test_same_message_twice(bot: Bot, platform: FakePlatform) -> None:
    """What comes in twice is answered once."""
    await bot.talked_to("Hello.", person=BEN, place=LOBBY, message="m1")
    await bot.talked_to("Hello.", person=BEN, place=LOBBY, message="m1")

    assert len(platform.said) == 1


async def test_quota(bot: Bot, platform: FakePlatform, ticks: Ticks) -> None:
    """Talk counts towards a person's quota, which is told privately."""
    for number in range(21):
        await bot.talked_to("Hello.", person=BEN, place=LOBBY, message=f"m{number}")
        ticks.now += 2.1

    assert platform.said[-1].private_for == BEN
    assert len([said for said in platform.said if said.private_for is None]) == 20


async def test_cooldown(bot: Bot, platform: FakePlatform) -> None:
    """Talk rests as /generate does, and with it."""
    for number in range(6):
        await bot.talked_to("Hello.", person=BEN, place=LOBBY, message=f"m{number}")

    assert [said.private_for for said in platform.said] == [None] * 5 + [BEN]


@pytest.mark.parametrize("text", ["a\0b", "x" * 20_001, "\ud800"])
async def test_unusable(bot: Bot, platform: FakePlatform, text: str) -> None:
    """What no model can read is refused with one private sentence."""
    await bot.talked_to(text, person=BEN, place=LOBBY, message="m1")

    assert [said.private_for for said in platform.said] == [BEN]


async def test_broken_off(bot: Bot, platform: FakePlatform) -> None:
    """An answer whose model fails in the middle says so, and the person is told."""
    await bot.talked_to("thunder.", person=BEN, place=LOBBY, message="m1")

    public = [said for said in platform.said if said.private_for is None]
    assert all(said.text.endswith("(The text was broken off here.)") for said in public)
    assert platform.said[-1].private_for == BEN


@pytest.mark.parametrize("pace", [0.0, 1.0], ids=["every edit", "last edit"])
async def test_interrupted_anywhere(home: Path, monkeypatch: pytest.MonkeyPatch, pace: float) -> None:
    """Wherever the process ends, there is one answer in the end, whole, but for the moment in which it is posted."""
    at, missing = 0, "?"
    while missing:
        platform, place = FakePlatform(edit_seconds=pace), home / str(at)
        missing = ""
        bot = await opened(place, platform)
        item = await bot.database.write(partial(inbox.receive, platform="web", update="1", payload={}, at=bot.started))
        with monkeypatch.context() as patched:
            effects = killing(bot, platform, patched, at)
            try:
                await bot.talked_to("Who is there?", person=BEN, place=LOBBY, message="m1", origin=item)
            except Killed:
                missing = effects[at]
        await bot.close()
        bot = await opened(place, platform)

        await bot.talked_to("Who is there?", person=BEN, place=LOBBY, message="m1", origin=item)

        assert [said.text for said in platform.said if said.text == "A fox."] == ["A fox."]
        if (at, missing) != (2, "write"):  # posted, and its number not yet kept
            assert len(platform.said) == 1
        assert await pending(bot) == []
        await bot.close()
        at += 1
    assert at > 4


async def opened(home: Path, platform: FakePlatform) -> Bot:
    bot = await Bot.open(load_configuration(home), generator=ScriptedGenerator(SCRIPT))
    for task in bot._background:  # what they write is not counted
        task.cancel()
    bot.register(platform)
    await bot.settings.change(LOBBY, "reply", "mention", by=ADA)
    await bot.settings.change(LOBBY, "temperature", "0", by=ADA)
    return bot


def test_prompt(clock: FakeClock) -> None:
    """Turns are lines of dialogue without names; quotes and line ends inside them cannot break the form."""
    turns = [
        Turn("web:lobby", person, text, str(number), None, clock.now())
        for number, (person, text) in enumerate([("web:Ada", 'Say "hi"\nnow'), (None, "Hi.")])
    ]

    assert prompt_of(turns) == '"Say \'hi\' now"\n"Hi."\n"'
    assert prompt_of(turns, "talk") == 'Say "hi" now\nHi.\n'


@pytest.mark.parametrize(
    ("written", "ended", "said"),
    [
        (" Good day, ", True, "Good day."),
        ("Good  day", True, "Good day"),
        ("One. Two. Thr", False, "One. Two."),
        ("One two thr", False, "One two…"),
        (" \u2063", True, ""),
        ("", False, ""),
    ],
)
def test_spoken(written: str, ended: bool, said: str) -> None:
    """An answer ends with a sentence, or says that it does not."""
    assert spoken(written, ended=ended) == said
