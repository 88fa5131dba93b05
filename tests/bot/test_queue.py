"""Texts that wait for others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import Bot
from bot.configuration import load_configuration
from bot.conversation import Message, Person, Place
from generators.scripted import Pace, ScriptedGenerator
from tests.bot.conftest import ADA, BEN, LOBBY
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.patience import PATIENCE

CLEO = Person("web", "Cleo", "Cleo")


class Telling(FakePlatform):
    """Tells when something was posted."""

    def __init__(self) -> None:
        super().__init__()
        self.posted = asyncio.Event()

    async def post(
        self, place: Place, message: Message, *, private_for: Person | None = None, reply_to: str | None = None
    ) -> str:
        posted = await super().post(place, message, private_for=private_for, reply_to=reply_to)
        self.posted.set()
        return posted


@pytest.fixture
def platform() -> Telling:
    return Telling()


@pytest.fixture
def pace() -> Pace:
    return Pace()


@pytest.fixture
async def bot(home: Path, platform: Telling, clock: FakeClock, pace: Pace) -> AsyncIterator[Bot]:
    """A bot whose model writes one text at a time, as long as the test lets it; one more may wait."""
    generator = ScriptedGenerator(pace=pace, max_batch=1, queue_limit=1)
    bot = await Bot.open(load_configuration(home), generator=generator, clock=clock)
    bot.register(platform)
    pace.allow()  # the model is tried out
    async with asyncio.timeout(PATIENCE):
        while not bot.ready:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    yield bot
    pace.free()
    await bot.close()


def asking(bot: Bot, person: Person) -> asyncio.Task[bool]:
    return asyncio.create_task(bot.invoke("/generate length=5 temperature=0 Once", person=person, place=LOBBY))


async def waiting(bot: Bot, clock: FakeClock) -> None:
    """One text is being written, and another waits for a second."""
    async with asyncio.timeout(PATIENCE):
        moment = clock.now() + timedelta(seconds=1)
        while bot.texts_in_hand < 2 or moment not in {at for at, _, _ in clock._sleepers}:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_a_place_in_the_queue(bot: Bot, platform: Telling, clock: FakeClock, pace: Pace) -> None:
    """Who has to wait for longer than a second is told how many are before them; that message becomes the text."""
    first, second = asking(bot, ADA), asking(bot, BEN)
    await waiting(bot, clock)
    assert platform.said == []

    clock.advance(1)
    async with asyncio.timeout(PATIENCE):
        await platform.posted.wait()

    (told,) = platform.said
    assert told.text == "1 text is before yours."
    pace.free()
    await asyncio.gather(first, second)
    assert len(platform.said) == 2
    assert told.text.startswith("Once▸ upon")
    assert told.before[0].text == "1 text is before yours."


async def test_a_short_wait(bot: Bot, platform: Telling, clock: FakeClock, pace: Pace) -> None:
    """Who waits for less than a second is told nothing."""
    first, second = asking(bot, ADA), asking(bot, BEN)
    await waiting(bot, clock)
    clock.advance(0.9)

    pace.free()
    await asyncio.gather(first, second)

    assert [said.text.startswith("Once▸") for said in platform.said] == [True, True]
    assert all("before yours" not in message.text for said in platform.said for message in said.before)


async def test_a_full_queue(bot: Bot, platform: Telling, clock: FakeClock, pace: Pace) -> None:
    """Where nobody more can wait, the answer comes at once and says how many do."""
    first, second = asking(bot, ADA), asking(bot, BEN)
    await waiting(bot, clock)

    await asking(bot, CLEO)

    (told,) = platform.said
    assert (told.text, told.private_for) == ("1 text is waiting already; try again in a moment.", CLEO)
    pace.free()
    await asyncio.gather(first, second)
