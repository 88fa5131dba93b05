"""A bot whose channel has talked, and whose trainings are real processes unless a test has a runner of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import product
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from bot.app import Bot
from bot.collecting import Heard
from bot.configuration import load_configuration
from bot.conversation import Place
from generators.training.job_directory import JobDirectory
from generators.training.runner import Runner
from tests.bot.conftest import ADA, BEN, LOBBY, Say, Ticks
from tests.bot.consent.conftest import AGREE, labelled
from tests.fakes.clock import FakeClock
from tests.fakes.models import save_tiny
from tests.fakes.platform import FakePlatform, Said

PATIENCE: Final = 280.0  # seconds; importing torch on a busy machine takes many
START: Final = "Start the training"
KEY: Final = "a key of this test's own that is longer than thirty-two characters"

Chat: TypeAlias = Callable[..., Awaitable[None]]
Open: TypeAlias = Callable[[], Awaitable[Bot]]


@pytest.fixture(autouse=True)
def tiny(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A model that trains in seconds, which writes where nobody has chosen."""
    save_tiny(home / "models" / "tiny" / "1", name="tiny", version="1")
    monkeypatch.setenv("PLANCHETTE_MODELS__DEFAULT", "tiny")
    monkeypatch.setenv("PLANCHETTE_TRAINING__THREADS", "1")
    monkeypatch.setenv("PLANCHETTE_VAULT__KEY", KEY)
    return "tiny"


@pytest.fixture
def runner() -> Runner | None:
    """What carries trainings out; real processes, where a test says nothing else."""
    return None


@pytest.fixture
async def open_bot(
    home: Path, platform: FakePlatform, clock: FakeClock, ticks: Ticks, runner: Runner | None
) -> AsyncIterator[Open]:
    """Opens a bot, as often as a test restarts it."""
    opened: list[Bot] = []

    async def open_one() -> Bot:
        bot = await Bot.open(load_configuration(home), clock=clock, ticks=ticks, runner=runner)
        opened.append(bot)
        bot.register(platform)
        await bot.resume()
        return bot

    yield open_one
    for bot in opened[:-1]:
        assert bot.jobs.closed
    last = opened[-1]
    if not last.jobs.closed:
        for place in (LOBBY,):
            if await last.jobs.of(place) is not None:
                await last.jobs.cancel(place, ADA)
        await last.close()


@pytest.fixture
async def bot(open_bot: Open) -> Bot:
    """One with a real model."""
    return await open_bot()


@pytest.fixture
def chat(bot: Bot, clock: FakeClock, platform: FakePlatform, say: Say) -> Chat:
    """Two people agree that a channel is learnt from, and talk there for a while."""

    async def chat(place: Place = LOBBY) -> None:
        (asked,) = await say("/log on", place=place)
        for person in (ADA, BEN):
            await bot.press(labelled(asked, AGREE), person=person, place=place)
        for number, (who, does, what) in enumerate(product(SUBJECTS, VERBS, OBJECTS)):
            clock.advance(1)
            person = (ADA, BEN)[number % 2]
            await bot.collecting.heard(Heard(person, place, f"m{number}", f"{who} {does} {what}", clock.now()))

    return chat


SUBJECTS: Final = ("an old cat", "the dog", "one grey owl", "my neighbour", "nobody")
VERBS: Final = ("sees", "eats", "likes", "hides")
OBJECTS: Final = (
    "a fish in the pond",
    "the moon over the wood",
    "some milk from the shop",
    "every book of the library",
)


async def asked(say: Say, line: str = "/train start epochs=1") -> Said:
    """The message that says what a training would be."""
    (said,) = await say(line)
    return said


async def until(true: Callable[[], object], patience: float = PATIENCE) -> None:
    """Returns once something is true that another process brings about."""
    async with asyncio.timeout(patience):
        while not true():  # noqa: ASYNC110 -- no event comes from there
            await asyncio.sleep(0.05)


def directory_of(home: Path) -> JobDirectory:
    """The directory of the only training."""
    (path,) = [path for path in (home / "jobs").iterdir() if path.is_dir()]
    return JobDirectory(path)


def has_directories(home: Path) -> bool:
    """Whether anything of a training is left."""
    return any((home / "jobs").iterdir())
