"""What is past its time, or deleted, while a training reads its copy of it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from bot.app import Bot
from bot.clearing import Clearing
from storage import channel_models
from tests.bot.conftest import BEN, LOBBY, Say
from tests.bot.consent.conftest import kept
from tests.bot.jobs.conftest import Chat
from tests.bot.jobs.test_deciding import begin
from tests.fakes.clock import FakeClock
from tests.fakes.training import FakeRunner


@pytest.fixture
def runner() -> FakeRunner:
    """Carries nothing out by itself."""
    return FakeRunner()


@pytest.mark.parametrize("how", ["swept", "deleted"])
async def test_copy(bot: Bot, say: Say, chat: Chat, runner: FakeRunner, clock: FakeClock, how: str) -> None:
    """The training goes on and its model is used; whose text it was can still withdraw, which takes it out of use."""
    await chat()
    await begin(bot, say, runner)
    if how == "swept":
        clock.advance(timedelta(days=366).total_seconds())
        clearing = Clearing(bot.database, clock, bot.consents.terms)
        await clearing._clear(clock.now())  # which it does each hour
    else:
        await bot.collecting.deleted(LOBBY, [f"m{number}" for number in range(80)])

    left = await kept(bot)
    runner.finish(after=2.0)
    await bot.jobs.settled()
    (made,) = await bot.database.read(channel_models.every)
    withdrawn = await bot.consents.withdraw(BEN, LOBBY)

    assert left == []
    assert made.tainted is None
    assert [model.name for model in withdrawn.tainted] == [made.name]
    again = await bot.database.read(partial(channel_models.get, model=made.model, version=made.version))
    assert again is not None
    assert again.tainted is not None
