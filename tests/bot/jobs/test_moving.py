"""A place gets another id while a training of its own waits or runs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bot.app import Bot
from bot.conversation import Place
from generators.training.sealed import read_sealed
from storage import channel_models
from storage.consents import of_place
from tests.bot.conftest import ADA, BEN, LOBBY, Say
from tests.bot.consent.conftest import HALL, labelled
from tests.bot.jobs.conftest import START, Chat, directory_of, until
from tests.fakes.platform import FakePlatform
from tests.fakes.training import FakeRunner

NEW = Place("web", "new")


@pytest.fixture
def runner() -> FakeRunner:
    """Carries nothing out by itself."""
    return FakeRunner()


async def begin(bot: Bot, say: Say, place: Place = LOBBY) -> None:
    """A training that runs, or waits."""
    (said,) = await say("/train start", place=place)
    await bot.press(labelled(said, START), person=ADA, place=place)


async def check_arrived(bot: Bot, platform: FakePlatform, said_before: int) -> None:
    """The result is the new place's: shown, kept, in use and learnt from there; nothing more came to the old one."""
    (row,) = await bot.database.read(channel_models.every)
    learners = await bot.database.read(partial(channel_models.learners_of, model=row.model, version=row.version))
    assert (row.place, row.tainted) == (NEW.key, None)
    assert set(learners) == {(ADA.key, NEW.key), (BEN.key, NEW.key)}
    assert (await bot.settings.get(NEW)).model == row.name
    assert f"{row.name} writes here now" in platform.newest(NEW).text
    assert len(platform.of(LOBBY)) == said_before


async def test_while_it_runs(
    bot: Bot, home: Path, say: Say, chat: Chat, runner: FakeRunner, platform: FakePlatform
) -> None:
    """What runs goes on with the text that it has, and its end is told where the place is now."""
    await chat()
    await begin(bot, say)
    await until(lambda: runner.started)
    before = len(platform.of(LOBBY))

    await bot.place_moved("web", "lobby", "new")
    directory = directory_of(home)
    key = bot.vault.derived(f"corpus of job {directory.path.name}")
    assert list(read_sealed(directory.corpus, key))
    runner.finish(after=2.0)
    await bot.jobs.settled()

    assert list(runner.started.values()) == [1]
    await check_arrived(bot, platform, before)


async def test_while_it_waits(
    bot: Bot, home: Path, say: Say, chat: Chat, runner: FakeRunner, platform: FakePlatform
) -> None:
    """What waits begins with the texts and files of the place, which have moved along."""
    await chat()
    await chat(HALL)
    bot.uploads.keep(LOBBY.key, "tales.txt", b"a marvellous lamp\n")
    await begin(bot, say, HALL)
    await until(lambda: runner.started)
    await begin(bot, say)
    before = len(platform.of(LOBBY))

    await bot.place_moved("web", "lobby", "new")
    await bot.place_gone(HALL)
    await until(lambda: len(runner.started) == 2)
    directory = directory_of(home)
    key = bot.vault.derived(f"corpus of job {directory.path.name}")
    texts = [document.text for document in read_sealed(directory.corpus, key)]
    runner.finish(after=2.0)
    await bot.jobs.settled()

    assert "a marvellous lamp" in texts
    assert len(texts) > 1
    await check_arrived(bot, platform, before)


async def test_a_withdrawal_after_the_move(
    bot: Bot, say: Say, chat: Chat, runner: FakeRunner, platform: FakePlatform
) -> None:
    """Who withdraws at the new place is learnt from no more: the training begins anew without them."""
    await chat()
    await begin(bot, say)
    await until(lambda: runner.started)
    await bot.place_moved("web", "lobby", "new")

    await bot.consents.withdraw(BEN, NEW)
    await until(lambda: list(runner.started.values()) == [2])
    runner.finish(after=2.0)
    await bot.jobs.settled()

    (row,) = await bot.database.read(channel_models.every)
    learners = await bot.database.read(partial(channel_models.learners_of, model=row.model, version=row.version))
    assert learners == [(ADA.key, NEW.key)]
    assert set(await bot.database.read(partial(of_place, place=NEW.key))) == {ADA.key}
