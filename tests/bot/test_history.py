"""What was said while nobody listened, read page by page."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.collecting import Collecting, Heard
from bot.conversation import Person, Place
from bot.history import History, Page, Unreachable, Unreadable
from bot.progress import Progress
from storage import logs
from storage.database import Database
from storage.logs import Log
from storage.vault import Vault
from tests.bot.collected import agree, kept, logged, texts
from tests.fakes.clock import FakeClock
from tests.patience import PATIENCE

ADA = Person("discord", "1", "Ada")
BEN = Person("discord", "2", "Ben")
LOBBY = Place("discord", "5", guild="6")
THREAD = Place("discord", "55", channel="5", guild="6")
KEY = "discord:5"
PAGE = 100


class Dozing(FakeClock):
    """Tells while somebody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = asyncio.Event()

    async def sleep_until(self, moment: datetime) -> None:
        self.asleep.set()
        try:
            await super().sleep_until(moment)
        finally:
            self.asleep.clear()


class Told:
    """A platform that remembers messages, a minute apart.

    Attributes:
        said: by the id of the channel or thread, in order; ids are numbers from 1.
        asked: the pages that were asked for.
        fault: is raised by the page before which so many were told.
    """

    platform = "discord"

    def __init__(self, begun: datetime) -> None:
        self.begun = begun
        self.said: dict[str, Callable[[int], Heard]] = {}
        self.length: dict[str, int] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.fault: dict[int, Exception] = {}
        self.told = asyncio.Event()

    def put(self, place: Place, count: int, by: Callable[[int], Person] = lambda _: ADA) -> None:
        """Has so many messages stand there."""

        def message(number: int) -> Heard:
            at = self.begun + timedelta(seconds=number)
            return Heard(by(number), place, f"{number}", f"{place.id} line {number}", at)

        self.said[place.id], self.length[place.id] = message, count

    async def sources(self, place: Place, since: datetime) -> AsyncIterator[str]:
        """All there are."""
        for source in list(self.said):
            yield source

    async def page(self, place: Place, source: str, after: str | None, since: datetime) -> Page:
        """A hundred messages."""
        if (fault := self.fault.pop(len(self.asked), None)) is not None:
            raise fault
        self.asked.append((source, after))
        first = int((since - self.begun).total_seconds()) if after is None else int(after) + 1
        numbers = range(max(1, first), min(first + PAGE, self.length[source] + 1))
        said = [self.said[source](number) for number in numbers]
        return Page(said, f"{numbers[-1]}" if numbers else None, len(numbers) == PAGE)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database of its own."""
    async with await Database.open(f"sqlite:///{tmp_path / 'planchette.db'}") as opened:
        yield opened


@pytest.fixture
def vault() -> Vault:
    """A key that no file holds."""
    return Vault.of("a key for tests")


@pytest.fixture
def clock() -> Dozing:
    """A week after the first message."""
    return Dozing()


@pytest.fixture
def told(clock: Dozing) -> Told:
    """A channel in which nothing was said yet."""
    return Told(clock.now() - timedelta(days=7))


@pytest.fixture
async def collecting(database: Database, vault: Vault, clock: Dozing, told: Told) -> Collecting:
    """A channel whose log has just been turned on; Ada agreed when message 10 was said."""
    await logged(database, KEY, clock.now() - timedelta(minutes=10), guild="discord:6")
    await agree(database, ADA.key, KEY, told.begun + timedelta(seconds=10))
    opened = Collecting(database, vault, "DSC-1", clock)
    await opened.look_again()
    return opened


@asynccontextmanager
async def reading(database: Database, collecting: Collecting, told: Told, clock: Dozing) -> AsyncIterator[History]:
    """Reads until it rests, and on until the end of the context."""
    history = History(database, collecting, told, clock)
    task = asyncio.create_task(history.run())
    await resting(clock)
    yield history
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def resting(clock: Dozing) -> None:
    """Returns once it waits for the clock."""
    async with asyncio.timeout(PATIENCE):
        await clock.asleep.wait()


async def later(clock: Dozing) -> None:
    """Lets it look again, and returns once it has."""
    clock.asleep.clear()
    clock.advance(301)
    await resting(clock)


async def test_from_the_first_consent(
    database: Database, vault: Vault, clock: Dozing, collecting: Collecting, told: Told
) -> None:
    """The history is asked for from the first consent on, and kept of those who had agreed by then; threads too."""
    await agree(database, BEN.key, KEY, told.begun + timedelta(seconds=205))
    told.put(LOBBY, 220, by=lambda number: BEN if number % 2 else ADA)
    told.put(THREAD, 12)

    async with reading(database, collecting, told, clock):
        posts = await kept(database, vault, KEY)

    ada = {f"5 line {number}" for number in range(10, 221, 2)}
    ben = {f"5 line {number}" for number in range(205, 221, 2)}
    assert {post.text for post in posts if post.text.startswith("5 ")} == ada | ben
    assert {post.source for post in posts} == {"import"}
    assert told.asked == [("5", None), ("5", "109"), ("5", "209"), ("55", None)]


async def test_resumed(database: Database, vault: Vault, clock: Dozing, collecting: Collecting, told: Told) -> None:
    """What was begun goes on with the page at which it stood, also in another process, and nothing is kept twice."""
    told.put(LOBBY, 450)
    told.fault[3] = Unreachable("away")
    async with reading(database, collecting, told, clock):
        pass
    first, told.asked = told.asked, []
    again = Collecting(database, vault, "DSC-1", clock)
    await again.look_again()

    async with reading(database, again, told, clock):
        said = await texts(database, vault, KEY)

    assert first == [("5", None), ("5", "109"), ("5", "209")]
    assert told.asked == [("5", "309"), ("5", "409")]
    assert said == [f"5 line {number}" for number in range(10, 451)]


async def test_what_was_missed(
    database: Database, vault: Vault, clock: Dozing, collecting: Collecting, told: Told
) -> None:
    """A new connection reads what was said since the last one, and edits that were made, not everything again."""
    told.put(LOBBY, 300)
    async with reading(database, collecting, told, clock):
        for _ in range(3):  # notes how far everything is known
            await later(clock)
    heard = int((clock.now() - told.begun).total_seconds())  # until then the bot was there
    clock.advance(60)
    told.put(LOBBY, heard + 60)
    told.asked.clear()

    async with reading(database, collecting, told, clock):
        said = await texts(database, vault, KEY)

    assert said[-60:] == [f"5 line {number}" for number in range(heard + 1, heard + 61)]
    assert f"5 line {heard - 400}" not in said
    assert len(told.asked) <= 5


async def test_edits_are_found(
    database: Database, vault: Vault, clock: Dozing, collecting: Collecting, told: Told
) -> None:
    """What was edited meanwhile says what it says now."""
    told.put(LOBBY, 30)
    plain = told.said["5"]
    async with reading(database, collecting, told, clock):
        pass
    await database.write(partial(logs.keep_history, place=KEY, history=None))
    edited = told.begun + timedelta(days=1)
    told.said["5"] = lambda number: replace(plain(number), text=f"new {number}", edited=edited)

    async with reading(database, collecting, told, clock):
        said = await texts(database, vault, KEY)

    assert said == [f"new {number}" for number in range(10, 31)]


async def test_off_meanwhile(
    database: Database, vault: Vault, clock: Dozing, collecting: Collecting, told: Told
) -> None:
    """Nothing more is kept once the log is turned off, whatever is on its way."""
    told.put(LOBBY, 300)
    page = told.page

    async def slow(place: Place, source: str, after: str | None, since: datetime) -> Page:
        if len(told.asked) == 1:
            await database.write(partial(logs.turn, log=Log(KEY, None, False, clock.now(), BEN.key)))
        return await page(place, source, after, since)

    told.page = slow  # type: ignore[method-assign]
    async with reading(database, collecting, told, clock):
        said = await texts(database, vault, KEY)

    assert said == [f"5 line {number}" for number in range(10, 110)]


async def test_on_again(database: Database, vault: Vault, clock: Dozing, collecting: Collecting, told: Told) -> None:
    """A log that was off is read from the moment on at which it was turned on again, whoever agreed before."""
    again = told.begun + timedelta(seconds=200)
    log = Log(KEY, "discord:6", True, again, BEN.key, history=Progress.from_now_on(again).json())
    await database.write(partial(logs.turn, log=log))
    told.put(LOBBY, 250)
    page = told.page

    async def careless(place: Place, source: str, after: str | None, since: datetime) -> Page:
        return await page(place, source, after or "150", since)

    told.page = careless  # type: ignore[method-assign]  # which tells what nobody asked for
    async with reading(database, collecting, told, clock):
        await later(clock)
        posts = await kept(database, vault, KEY)
    progress = Progress.of((await database.read(logs.all_on))[0].history)

    assert [post.text for post in posts] == [f"5 line {number}" for number in range(200, 251)]
    assert {post.source for post in posts} == {"channel_log"}
    assert progress is not None
    assert (progress.barred, progress.since >= again) == (again, True)


async def test_known_until_it_was_off(clock: Dozing) -> None:
    """However soon after the turning on it is noted how far all is known, nothing from before is read later."""
    now = clock.now()

    known = Progress.from_now_on(now).known(now - timedelta(minutes=5))

    assert Progress.of(known.json()) == Progress(now, barred=now)
    assert Progress(now).known(now - timedelta(minutes=5)) == Progress(now - timedelta(minutes=5))


async def test_a_deletion_waits(
    database: Database, vault: Vault, clock: Dozing, collecting: Collecting, told: Told
) -> None:
    """What is deleted while its page is on its way is not kept."""
    told.put(LOBBY, 50)
    page = told.page
    deleting: list[asyncio.Task[None]] = []

    async def slow(place: Place, source: str, after: str | None, since: datetime) -> Page:
        found = await page(place, source, after, since)
        deleting.append(asyncio.create_task(collecting.deleted(LOBBY, ["20"])))
        await asyncio.sleep(0)
        return found

    told.page = slow  # type: ignore[method-assign]
    async with reading(database, collecting, told, clock):
        await asyncio.gather(*deleting)
        said = await texts(database, vault, KEY)

    assert "5 line 19" in said
    assert "5 line 20" not in said


async def test_a_thread_that_cannot_be_read(
    database: Database, vault: Vault, clock: Dozing, collecting: Collecting, told: Told
) -> None:
    """A thread that cannot be read is left out; a channel is tried again later."""
    told.put(LOBBY, 12)
    told.put(THREAD, 12)
    told.fault = {0: Unreadable("50001"), 1: Unreadable("50001")}

    async with reading(database, collecting, told, clock):
        before = await texts(database, vault, KEY)
        await later(clock)
        after = await texts(database, vault, KEY)

    assert before == []
    assert after == ["5 line 10", "5 line 11", "5 line 12"]


async def test_memory(database: Database, vault: Vault, clock: Dozing, collecting: Collecting, told: Told) -> None:
    """However long the history is, a page of it is all that is in memory."""

    async def peak(count: int) -> int:
        await database.write(partial(logs.keep_history, place=KEY, history=None))
        told.put(LOBBY, count, by=lambda number: ADA if number % 50 == 0 else BEN)
        tracemalloc.start()
        async with reading(database, collecting, told, clock):
            _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    await peak(1_000)  # what is loaded once

    short, long = await peak(1_000), await peak(10_000)

    assert long < short + 300_000
