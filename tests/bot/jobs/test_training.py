"""Trainings from the question to the model that writes, each in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from bot.app import Bot
from generators.training.checkpoints import newest_usable
from generators.training.job_directory import JobDirectory, read_object
from tests.bot.conftest import ADA, BEN, LOBBY, Say
from tests.bot.consent.conftest import labelled
from tests.bot.jobs.conftest import PATIENCE, START, Chat, Open, asked, directory_of, has_directories, until
from tests.fakes.platform import FakePlatform

pytestmark = pytest.mark.timeout(600)

LONG = "/train start epochs=60"


async def begin(bot: Bot, say: Say, line: str = "/train start epochs=1") -> str:
    """Asks for a training and presses the button that begins it; what the presser is told."""
    said = await asked(say, line)
    return (await bot.press(labelled(said, START), person=ADA, place=LOBBY)).text


async def over(bot: Bot) -> None:
    async with asyncio.timeout(PATIENCE):
        await bot.jobs.settled()


def pid_of(directory: JobDirectory) -> int:
    return int(read_object(directory.process)["pid"])


def pid_of_or_none(directory: JobDirectory) -> int | None:
    return read_object(directory.process).get("pid")


def is_training(directory: JobDirectory) -> bool:
    return newest_usable(directory.path / "output" / ".web-lobby.training") is not None


async def test_from_a_channel_to_its_model(bot: Bot, home: Path, platform: FakePlatform, say: Say, chat: Chat) -> None:
    """What people agreed to give becomes a model of the channel, which writes there because it is better."""
    await chat()
    said = await asked(say, "/train start epochs=3")
    assert "2 people" in said.text

    told = await bot.press(labelled(said, START), person=ADA, place=LOBBY)
    await over(bot)

    assert told.text == "The training begins."
    assert said.text.startswith("The training of web-lobby is over.")
    assert [button.label for button in said.buttons] == ["Roll back"]
    assert platform.said[-1].message.picture is not None
    model = (await bot.settings.get(LOBBY)).model or ""
    assert model.startswith("web-lobby@")
    made = await bot.models.at(LOBBY).find(model)
    assert made.kind == "charrnn"
    assert made.description.partition("; ")[2].removesuffix(" of the newest text") in said.text
    assert not has_directories(home)


async def test_killed(bot: Bot, home: Path, say: Say, chat: Chat, platform: FakePlatform) -> None:
    """A process that the system kills goes on from its newest checkpoint."""
    await chat()
    await begin(bot, say, LONG)
    await until(lambda: has_directories(home))
    directory = directory_of(home)
    await until(lambda: is_training(directory))
    first = pid_of(directory)

    os.kill(first, signal.SIGKILL)
    await until(lambda: pid_of(directory) != first)
    events, _ = directory.told()
    steps = [event["step"] for event in events if event.get("phase") == "training"]
    resumed = len(steps)
    await until(lambda: len([1 for event in directory.told()[0] if event.get("phase") == "training"]) > resumed)

    later = [event["step"] for event in directory.told()[0] if event.get("phase") == "training"][resumed:]
    assert later[0] > 1
    assert not any("begin anew" in said.text for said in platform.said)


async def test_the_bot_restarts(
    bot: Bot, open_bot: Open, home: Path, platform: FakePlatform, say: Say, chat: Chat
) -> None:
    """A training outlives the bot, and the next one finds the same process and tells its end."""
    await chat()
    await begin(bot, say, "/train start epochs=4")
    await until(lambda: has_directories(home) and directory_of(home).process.exists())
    directory = directory_of(home)
    process = pid_of(directory)

    await bot.close()
    os.kill(process, 0)  # it is there
    again = await open_bot()
    assert pid_of(directory) == process
    await over(again)

    assert any(said.text.startswith("The training of web-lobby is over.") for said in platform.said)
    assert not has_directories(home)


async def test_cancel(bot: Bot, home: Path, platform: FakePlatform, say: Say, chat: Chat) -> None:
    """A training that is cancelled ends at once, and nothing of it is left."""
    await chat()
    said = await asked(say, LONG)
    await bot.press(labelled(said, START), person=ADA, place=LOBBY)
    await until(lambda: has_directories(home) and directory_of(home).process.exists())
    process = pid_of(directory_of(home))

    await say("/train cancel")

    assert said.text == "This training was cancelled by Ada."
    await until(lambda: not has_directories(home))
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    (told,) = await say("/train status")
    assert told.text == "No training is waiting or running here; /train start begins one."


async def test_no_disk(bot: Bot, home: Path, say: Say, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up ends the training in one sentence, and what wrote before still writes."""
    await chat()
    site = home / "small files"
    site.mkdir()
    (site / "sitecustomize.py").write_text(SMALL_FILES)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(site), os.environ.get("PYTHONPATH", ""))))
    said = await asked(say)

    await bot.press(labelled(said, START), person=ADA, place=LOBBY)
    await over(bot)

    assert said.text == "The training ended: the bot's disk is full. The model that wrote here before still writes."
    assert (await bot.settings.get(LOBBY)).model is None
    assert not has_directories(home)


SMALL_FILES = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
"""


async def test_a_crash(bot: Bot, home: Path, say: Say, chat: Chat) -> None:
    """A fault of the process is one sentence, and what wrote before still writes."""
    await chat()
    said = await asked(say)
    (home / "models" / "tiny" / "1" / "model.safetensors").write_bytes(b"torn")

    await bot.press(labelled(said, START), person=ADA, place=LOBBY)
    await over(bot)

    assert said.text.startswith("The training ended: ")
    assert said.text.endswith("The model that wrote here before still writes.")
    assert not has_directories(home)


async def test_a_withdrawal_meanwhile(bot: Bot, home: Path, say: Say, chat: Chat) -> None:
    """Where somebody withdraws, the training begins anew without their text."""
    await chat()
    await begin(bot, say, LONG)
    await until(lambda: has_directories(home) and directory_of(home).process.exists())
    first = pid_of(directory_of(home))

    await bot.consents.withdraw(BEN, LOBBY)
    await until(lambda: has_directories(home) and pid_of_or_none(directory_of(home)) not in (None, first))

    job = await bot.jobs.of(LOBBY)
    assert job is not None
    assert job.facts["people"] == [["web:Ada", "web:lobby"]]
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
