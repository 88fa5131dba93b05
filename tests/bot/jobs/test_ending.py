"""How trainings end of which another machine has something."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app import Bot
from generators.remote.errors import HostAway
from generators.training.job_directory import JobDirectory
from tests.bot.conftest import ADA, LOBBY, Say
from tests.bot.consent.conftest import labelled
from tests.bot.jobs.conftest import START, Chat, directory_of, has_directories, until
from tests.fakes.training import FakeRunner


class Leaving(FakeRunner):
    """Is away, or not.

    Attributes:
        is_away: whether nothing can be ended now.
        asked: how often something was to be ended meanwhile.
        unheard: ids of what ended without a result that somebody here takes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        self.asked = 0
        self.unheard: list[str] = []

    def stop(self, directory: JobDirectory) -> None:
        """Ends it if it can.

        Raises:
            HostAway: it cannot.
        """
        if self.is_away:
            self.asked += 1
            raise HostAway
        if directory.outcome() is None:
            self.unheard.append(directory.path.name)
        super().stop(directory)


@pytest.fixture
def runner() -> Leaving:
    """Carries nothing out by itself."""
    return Leaving()


async def begin(bot: Bot, say: Say, runner: FakeRunner) -> None:
    """A training that runs."""
    (said,) = await say("/train start")
    await bot.press(labelled(said, START), person=ADA, place=LOBBY)
    await until(lambda: runner.alive)


async def test_what_cannot_be_ended(bot: Bot, home: Path, say: Say, chat: Chat, runner: Leaving) -> None:
    """A training whose host is away when it is cancelled ends there once that is back; its text is gone at once."""
    await chat()
    await begin(bot, say, runner)
    runner.is_away = True

    await say("/train cancel")
    await until(lambda: runner.asked == 1)
    await bot.jobs.settled()
    has_text = directory_of(home).corpus.exists()
    runs = len(runner.alive)
    runner.is_away = False
    await bot.jobs.resume()
    await bot.jobs.settled()

    assert (has_text, runs) == (False, 1)
    assert runner.alive == {}
    assert not has_directories(home)


async def test_what_nobody_takes(bot: Bot, home: Path, say: Say, chat: Chat, runner: Leaving) -> None:
    """What a training has made whose end comes with the result is nobody's, which its host is told."""
    await chat()
    await begin(bot, say, runner)
    directory = directory_of(home)
    job = await bot.jobs.of(LOBBY)
    assert job is not None
    await bot.jobs.leave(lambda _: True)
    directory.finish({"state": "done"})

    await bot.jobs.cancel(LOBBY, ADA)
    await bot.jobs.settled()

    assert runner.unheard == [job.id]
    assert not has_directories(home)
