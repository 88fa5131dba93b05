"""Versions that a host of the models made: deleted there when they are tainted or removed here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from bot.app import Bot
from bot.configuration import load_configuration
from bot.conversation import Message
from bot.lineages import Adopted
from bot.lineages.elsewhere import NOTES
from generators.host import Tuning
from generators.host.tuning_record import Record
from generators.local import LocalGenerator, Shelf
from generators.training.job_directory import read_object
from storage import channel_models, jobs
from storage.jobs import Job
from tests.bot.conftest import ADA, LOBBY
from tests.bot.lineage import MADE, learn, withdraw
from tests.fakes.clock import FakeClock
from tests.fakes.hosting import hosted
from tests.fakes.models import save_tiny
from tests.fakes.platform import FakePlatform
from tests.fakes.training import FakeRunner

PERSON = "web:Ben"
TUNED = "ft-den-1"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The home of a host that has a model of its own, and one that a job of its made."""
    home = tmp_path / "elsewhere"
    save_tiny(home / "models" / "tiny" / "1", name="tiny", version="1")
    save_tiny(home / "models" / TUNED / "aa", name=TUNED, version="aa")
    record = Record("ftjob-1", "tiny", "tiny@1", TUNED, "file-1", None, 1, status="succeeded", version="aa")
    (home / "hosting" / "jobs" / "ftjob-1").mkdir(parents=True)
    record.keep(home / "hosting" / "jobs" / "ftjob-1")
    return home


@asynccontextmanager
async def serving(elsewhere: Path) -> AsyncIterator[str]:
    """The host; gives its address."""
    tuning = Tuning(elsewhere / "hosting", elsewhere / "models", runner=FakeRunner())
    await tuning.open()
    async with hosted(LocalGenerator([Shelf(elsewhere / "models")]), keys=["key"], tuning=tuning) as url:
        yield url


@pytest.fixture
async def url(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A host that is there, as the bot's settings name it."""
    monkeypatch.setenv("PLANCHETTE_REMOTE__KEY", "key")
    async with serving(elsewhere) as url:
        monkeypatch.setenv("PLANCHETTE_REMOTE__URL", url)
        yield url


async def opened(home: Path, platform: FakePlatform) -> Bot:
    if not (home / "models" / "tales").exists():
        save_tiny(home / "models" / "tales" / "1")
    bot = await Bot.open(
        load_configuration(home), generator=LocalGenerator([Shelf(home / "models")]), clock=FakeClock()
    )
    bot.register(platform)
    await bot.resume()
    return bot


async def made(bot: Bot, model: str = TUNED) -> Adopted:
    """A version on the host, as its training ended with it."""
    return await learn(bot, LOBBY, "aa", people=[PERSON], model=f"remote:{model}", directory=None)


def models_of(elsewhere: Path) -> list[str]:
    return sorted(path.name for path in (elsewhere / "models").iterdir())


async def test_tainted(home: Path, platform: FakePlatform, elsewhere: Path, url: str) -> None:
    """What learnt from somebody who withdraws is deleted on the host, and nothing else is."""
    bot = await opened(home, platform)
    await made(bot)

    await bot.lineages.tainted(await withdraw(bot, PERSON, LOBBY))
    await bot.lineages.settled()
    await bot.close()

    assert models_of(elsewhere) == ["tiny"]


async def test_tainted_by_another_process(home: Path, platform: FakePlatform, elsewhere: Path, url: str) -> None:
    """Where the withdrawal was another process's, the message of the training says once what has become of it."""
    posted = await platform.post(LOBBY, Message("The training of remote:ft-den-1 is over."))
    told = platform.newest(LOBBY)
    bot = await opened(home, platform)
    options = {"here": [LOBBY.platform, LOBBY.id, LOBBY.channel, LOBBY.guild]}
    job = Job("aa", LOBBY.key, None, ADA.key, "done", options, "en", MADE, message=posted)
    await bot.database.write(partial(jobs.add, job=job))
    await made(bot)
    steps = len(told.before)

    await withdraw(bot, PERSON, LOBBY)
    for _ in range(2):  # as it does once a minute
        await bot.lineages.resume()
        await bot.lineages.settled()
    await bot.close()
    bot = await opened(home, platform)
    await bot.lineages.settled()
    await bot.close()

    assert told.text.endswith(
        "\nremote:ft-den-1@aa has learnt from text that somebody has withdrawn meanwhile, so it does not write."
    )
    assert len(told.before) == steps + 1


async def test_removed(home: Path, platform: FakePlatform, elsewhere: Path, url: str) -> None:
    """What an admin removes is deleted on the host; what the host did not make by such a job stays there."""
    bot = await opened(home, platform)
    rows = [(await made(bot)).model, (await learn(bot, LOBBY, "1", model="remote:tiny", directory=None)).model]

    await bot.lineages.remove(rows)
    await bot.lineages.settled()
    await bot.close()

    assert models_of(elsewhere) == ["tiny"]


async def test_the_host_is_away(
    home: Path,
    platform: FakePlatform,
    elsewhere: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A host that is away holds nothing up, and is asked again by the next start, when the version is known no more."""
    monkeypatch.setenv("PLANCHETTE_REMOTE__URL", "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.setenv("PLANCHETTE_REMOTE__KEY", "key")
    bot = await opened(home, platform)
    await bot.lineages.remove([(await made(bot)).model])
    await bot.lineages.settled()
    left = await bot.database.read(channel_models.every)
    await bot.close()
    said = caplog.text + "".join(capsys.readouterr())

    async with serving(elsewhere) as url:
        monkeypatch.setenv("PLANCHETTE_REMOTE__URL", url)
        bot = await opened(home, platform)
        await bot.lineages.settled()
        await bot.close()

    assert left == []
    assert "the next start tries again" in said
    assert models_of(elsewhere) == ["tiny"]
    assert read_object(home / "models" / NOTES) == {"delete": []}
