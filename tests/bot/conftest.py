"""A whole bot for tests: real SQLite, a scripted model, and a platform that keeps what is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from bot.app import Bot
from bot.configuration import load_configuration
from bot.conversation import Person, Place
from generators.scripted import Cue, Script, ScriptedGenerator
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform, Said

ADA: Final = Person("web", "Ada", "Ada", admin=True)
BEN: Final = Person("web", "Ben", "Ben")
LOBBY: Final = Place("web", "lobby")
THREAD: Final = Place("web", "thread", channel="channel", guild="guild")

SCRIPT: Final = Script(
    texts=("Once upon a time there was a table that could write.",),
    cues=(Cue(when="a full queue", error="busy"), Cue(when="a broken model", after=3)),
)

Say: TypeAlias = Callable[..., Awaitable[list[Said]]]


class Ticks:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    """The bot's clock for quotas and pauses."""
    return Ticks()


@pytest.fixture
def clock() -> FakeClock:
    """The tables' clock."""
    return FakeClock()


@pytest.fixture
def platform() -> FakePlatform:
    """Where people talk with the bot."""
    return FakePlatform()


@pytest.fixture
async def bot(home: Path, platform: FakePlatform, clock: FakeClock, ticks: Ticks) -> AsyncIterator[Bot]:
    """A bot on a home of its own, with a model whose texts are foreseen."""
    bot = await Bot.open(load_configuration(home), generator=ScriptedGenerator(SCRIPT), clock=clock, ticks=ticks)
    bot.register(platform)
    await bot.resume()
    yield bot
    await bot.close()


@pytest.fixture
def say(bot: Bot, platform: FakePlatform) -> Say:
    """Says a line and returns what the bot posted meanwhile."""

    async def say(text: str, person: Person = ADA, place: Place = LOBBY, origin: int | None = None) -> list[Said]:
        before = len(platform.said)
        await bot.invoke(text, person=person, place=place, origin=origin)
        return platform.said[before:]

    return say
