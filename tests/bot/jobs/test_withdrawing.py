"""What becomes of a training whose text may not be used any more, whenever that is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.app import Bot
from bot.collecting import Heard
from bot.configuration import load_configuration
from bot.conversation import Place
from generators.training.job_directory import JobDirectory
from generators.training.sealed import SealedWriter, read_sealed
from storage import channel_models, consents, jobs
from storage.jobs import Job
from tests.bot.conftest import ADA, BEN, LOBBY, Say, Ticks
from tests.bot.consent.conftest import AGREE, CLEO, HALL, labelled
from tests.bot.jobs.conftest import START, Chat, directory_of, has_directories, until
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.fakes.training import FakeRunner
from tests.patience import PATIENCE

BENS, ADAS = "the moon over the wood", "a fish in the pond"


class Slow(FakeRunner):
    """Ends nothing before a test says so.

    Attributes:
        may_end: whether it does; set at first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.may_end = threading.Event()
        self.may_end.set()

    def stop(self, directory: JobDirectory) -> None:
        """Takes its time."""
        assert self.may_end.wait(2 * PATIENCE)
        super().stop(directory)


@pytest.fixture
def runner() -> Slow:
    """Carries nothing out by itself."""
    return Slow()


@pytest.fixture
async def bot(home: Path, platform: FakePlatform, clock: FakeClock, ticks: Ticks, runner: Slow) -> AsyncIterator[Bot]:
    bot = await Bot.open(load_configuration(home), clock=clock, ticks=ticks, runner=runner)
    bot.register(platform)
    await bot.resume()
    yield bot
    runner.may_end.set()
    await bot.close()


async def begin(bot: Bot, say: Say, place: Place = LOBBY) -> None:
    """A training that begins, or waits."""
    (said,) = await say("/train start", place=place)
    await bot.press(labelled(said, START), person=ADA, place=place)


async def newest(bot: Bot, place: Place = LOBBY) -> Job:
    """The last training of a channel."""
    return (await bot.database.read(partial(jobs.of_place, place=place.key)))[0]


def text_of(bot: Bot, home: Path) -> str:
    """What the only training has to learn from."""
    directory = directory_of(home)
    key = bot.vault.derived(f"corpus of job {directory.path.name}")
    return "\n".join(document.text for document in read_sealed(directory.corpus, key))


@asynccontextmanager
async def held_up(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> AsyncIterator[Callable[[], Any]]:
    """Something that a thread does, held up once it is done; gives what waits until it is."""
    done, go_on, loop, really = asyncio.Event(), threading.Event(), asyncio.get_running_loop(), getattr(owner, name)

    def slowly(*arguments: Any) -> Any:
        result = really(*arguments)
        loop.call_soon_threadsafe(done.set)
        assert go_on.wait(60)
        return result

    monkeypatch.setattr(owner, name, slowly)
    yield done.wait
    go_on.set()


async def test_unheard(bot: Bot, home: Path, clock: FakeClock, say: Say, chat: Chat, runner: Slow) -> None:
    """A withdrawal that nobody was told of, as before a crash, is found in the ledger when trainings are taken up."""
    await chat()
    await begin(bot, say)
    await until(lambda: runner.started)
    assert BENS in text_of(bot, home)

    withdrawn = partial(consents.withdraw, person=BEN.key, place=LOBBY.key, at=clock.now())
    await bot.database.write(withdrawn)
    await bot.jobs.resume()
    await until(lambda: list(runner.started.values()) == [2])

    assert BENS not in text_of(bot, home)
    assert ADAS in text_of(bot, home)
    assert (await newest(bot)).facts["people"] == [[ADA.key, LOBBY.key]]


async def test_queued_again_and_killed(bot: Bot, home: Path, say: Say, chat: Chat, runner: Slow) -> None:
    """What a training was that was sent back before a crash is deleted before it begins anew."""
    await chat()
    await begin(bot, say)
    await until(lambda: runner.started)
    await bot.jobs.leave(lambda _: True)

    job = await newest(bot)
    await bot.database.write(partial(jobs.change, id=job.id, from_states=("running",), state="queued", facts={}))
    await bot.jobs.resume()
    await until(lambda: list(runner.started.values()) == [2])

    assert (await newest(bot)).facts["people"] == [[ADA.key, LOBBY.key], [BEN.key, LOBBY.key]]


async def test_as_the_text_is_sealed(
    bot: Bot, home: Path, say: Say, chat: Chat, runner: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who withdraws after the last look at the ledger, and before it is known whose text there is, is left out."""
    await chat()
    async with held_up(monkeypatch, SealedWriter, "finish") as done:
        await begin(bot, say)
        await done()

        await bot.consents.withdraw(BEN, LOBBY)
    await until(lambda: runner.started)

    assert BENS not in text_of(bot, home)
    assert (await newest(bot)).facts["people"] == [[ADA.key, LOBBY.key]]


async def test_agreed_as_it_is_gathered(
    bot: Bot,
    clock: FakeClock,
    platform: FakePlatform,
    say: Say,
    chat: Chat,
    runner: Slow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who agrees while the text is gathered, and is read, has withdrawn nothing: the model may write."""
    await chat()
    asked = platform.said[0]
    (draft,) = await say("/train start")
    async with held_up(monkeypatch, bot.uploads, "of_place") as done:
        await bot.press(labelled(draft, START), person=ADA, place=LOBBY)
        await done()

        clock.advance(1)
        await bot.press(labelled(asked, AGREE), person=CLEO, place=LOBBY)
        clock.advance(1)
        await bot.collecting.heard(Heard(CLEO, LOBBY, "new", "a word of mine too", clock.now()))
    await until(lambda: runner.started)
    runner.finish(after=2.0)
    await bot.jobs.settled()

    (row,) = await bot.database.read(channel_models.every)
    learners = await bot.database.read(partial(channel_models.learners_of, model=row.model, version=row.version))
    assert (CLEO.key, LOBBY.key) in learners
    assert row.tainted is None


async def test_the_log_is_turned_off(bot: Bot, home: Path, say: Say, chat: Chat, runner: Slow) -> None:
    """Where the log is turned off, a training forgets what was in it, and goes on with what else there is."""
    await chat()
    bot.uploads.keep(LOBBY.key, "tales.txt", b"a marvellous lamp\n")
    await begin(bot, say)
    await until(lambda: runner.started)

    await say("/log off")
    await until(lambda: list(runner.started.values()) == [2])

    assert text_of(bot, home) == "a marvellous lamp"


async def test_nothing_is_left(
    bot: Bot, home: Path, say: Say, chat: Chat, runner: Slow, platform: FakePlatform
) -> None:
    """Where nothing else is left, the training ends with a sentence that says so."""
    await chat()
    await begin(bot, say)
    await until(lambda: runner.started)

    await say("/log off")
    await bot.jobs.settled()

    assert not runner.alive
    assert not has_directories(home)
    assert any("There is no text to learn from here yet" in said.text for said in platform.of(LOBBY))


@pytest.mark.parametrize("how", ["withdraw", "forget", "cancel"])
async def test_nobody_waits(bot: Bot, say: Say, chat: Chat, runner: Slow, how: str) -> None:
    """Who withdraws, wants to be forgotten or cancels is answered at once, however long a training takes to end."""
    await chat()
    await begin(bot, say)
    await until(lambda: runner.started)
    runner.may_end.clear()

    async with asyncio.timeout(PATIENCE):
        match how:
            case "withdraw":
                await bot.consents.withdraw(BEN, LOBBY)
            case "forget":
                await bot.consents.forget(BEN)
            case _:
                await bot.jobs.cancel(LOBBY, ADA)

    assert runner.alive
    runner.may_end.set()
    await until(lambda: not runner.alive or list(runner.started.values()) == [2])


async def test_a_queue_at_rest(bot: Bot, say: Say, chat: Chat, runner: Slow, platform: FakePlatform) -> None:
    """What waits is shown again only when its place in the queue changes."""
    await chat()
    await chat(HALL)
    await begin(bot, say)
    await until(lambda: runner.started)
    await begin(bot, say, HALL)
    shown = platform.newest(HALL)
    before = len(shown.before)

    for _ in range(3):
        await bot.jobs.resume()

    assert shown.text == "The training of web-hall waits; it is the next one."
    assert len(shown.before) == before
