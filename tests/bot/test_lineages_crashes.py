"""Versions of a channel's model when something breaks as they come in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.app import Bot
from bot.conversation import Person, Place
from bot.lineages import Verdict
from bot.lineages.disk import Disk
from storage import channel_models, jobs
from storage.jobs import Job
from tests.bot.conftest import ADA, LOBBY
from tests.bot.lineage import MADE, TALES, learn, versions_in, withdraw
from tests.bot.test_lineages import NAME, chosen, opened
from tests.fakes.disk import full
from tests.fakes.models import save_tiny
from tests.fakes.platform import FakePlatform


class Crash(Exception):
    """What ends a process in the middle."""


@pytest.fixture
async def bot(home: Path, platform: FakePlatform) -> AsyncIterator[Bot]:
    """A bot with one model of the operator's."""
    save_tiny(home / "models" / "tales" / "1")
    bot = await opened(home, platform)
    yield bot
    await bot.close()


@pytest.fixture
def crashing(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Ends the process as soon as a version lies where it could write; undone, it does no more."""
    really = Disk.take_in

    def crash(*arguments: Any) -> None:
        really(*arguments)
        raise Crash

    monkeypatch.setattr(Disk, "take_in", crash)
    return monkeypatch


async def test_no_orphans(bot: Bot, home: Path, crashing: pytest.MonkeyPatch) -> None:
    """Whose text a version has learnt from is known before it can write, so that a withdrawal always finds it."""
    with pytest.raises(Crash):
        await learn(bot, LOBBY, "aa", people=["web:Ben"])
    crashing.undo()
    assert versions_in(home) == ["aa"]

    await withdraw(bot, "web:Ben", LOBBY)
    await bot.lineages.resume()

    assert not (home / "models" / NAME / "aa").exists()


async def test_taken_up_again(bot: Bot, crashing: pytest.MonkeyPatch) -> None:
    """What a crash has cut off is decided when the result is handed on again, and once only."""
    with pytest.raises(Crash):
        await learn(bot, LOBBY, "aa")
    crashing.undo()
    before = await chosen(bot)

    again = await learn(bot, LOBBY, "aa")
    used = await chosen(bot)
    await bot.invoke("/models rollback", person=ADA, place=LOBBY)
    third = await learn(bot, LOBBY, "aa")

    assert (before, used, await chosen(bot)) == (None, "web-lobby@aa", None)
    assert (again.verdict, third.verdict) == (Verdict.USED, Verdict.NOT_COMPARED)


async def test_no_room_for_it(bot: Bot, home: Path) -> None:
    """Where the disk has no room for a version, nothing is kept of it, and what wrote before still writes."""
    name = await bot.lineages.claim(LOBBY)
    record = full(home / "models" / name / "planchette.json")

    with pytest.raises(OSError, match="No space left"):
        await learn(bot, LOBBY, "aa")

    record.unlink(missing_ok=True)
    assert await bot.database.read(channel_models.every) == []
    assert await chosen(bot) is None


async def test_in_training(bot: Bot, platform: FakePlatform, home: Path) -> None:
    """What a training goes on from, or is measured against, is not removed under it."""
    here, there = Place("web", "here", guild="g"), Place("web", "there", guild="g")
    for version in ("aa", "bb", "cc"):
        await learn(bot, here, version, 9.0)
    options, facts = {"base": "web-here@aa", "kind": "charrnn"}, {"compared": "web-here@bb"}
    job = Job("0" * 12, there.key, "web:g", ADA.key, "queued", options, "en", MADE, facts)
    await bot.database.write(partial(jobs.add, job=job))
    training = bot.configuration.training.model_copy(update={"disk_mb": 0})
    bot.configuration = bot.configuration.model_copy(update={"training": training})

    await bot.invoke("/models remove web-here@aa", person=Person("web", "Ada", "Ada", admin=True), place=here)
    await learn(bot, here, "dd", 9.0)

    assert platform.said[-1].text == ("A training that is under way needs web-here@aa; remove it once that is over.")
    assert versions_in(home) == ["aa", "bb", "dd"]
    assert await bot.models.find(TALES)
