"""What was dealt with is forgotten after a week."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clearing import Clearing
from storage import inbox, jobs, posts, turns
from storage.database import Database
from storage.jobs import Job
from storage.schema import turns as table
from storage.vault import Vault
from tests.fakes.clock import FakeClock


class Dozing(FakeClock):
    """Tells when somebody has gone to sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = asyncio.Event()

    async def sleep_until(self, moment: datetime) -> None:
        self.asleep.set()
        await super().sleep_until(moment)
        self.asleep.clear()


async def a_year() -> list[tuple[int, list[int] | None]]:
    """How long what people gave is kept."""
    return [(365, None)]


async def dealt_with(database: Database, update: str, at: datetime) -> int:
    item = await database.write(partial(inbox.receive, platform="web", update=update, payload={}, at=at))
    assert item is not None
    await database.write(partial(inbox.done, item=item))
    return item


async def test_clearing(tmp_path: Path) -> None:
    """What is done is forgotten a week after it came in, at the start and then every hour."""
    clock = Dozing()
    async with await Database.open(f"sqlite:///{tmp_path / 'planchette.db'}") as database:
        old = await dealt_with(database, "1", clock.now() - timedelta(days=8))
        new = await dealt_with(database, "2", clock.now() - timedelta(days=7, hours=-1))
        clearing = asyncio.create_task(Clearing(database, clock, a_year).run())
        kept = []
        for _ in range(2):
            await clock.asleep.wait()
            kept.append([await database.read(partial(inbox.get, item=item)) is not None for item in (old, new)])
            clock.asleep.clear()
            clock.advance(3601)
        clearing.cancel()

    assert kept == [[False, True], [False, False]]


async def test_talk(tmp_path: Path) -> None:
    """What was said to the bot is forgotten after an hour or two, also where nobody says anything any more."""
    clock = Dozing()
    said = turns.Turn("web:lobby", "web:Ada", "A secret.", "m1", None, clock.now())
    async with await Database.open(f"sqlite:///{tmp_path / 'planchette.db'}") as database:
        await database.write(partial(turns.add, turn=said))
        clearing = asyncio.create_task(Clearing(database, clock, a_year).run())
        for _ in range(2):
            await clock.asleep.wait()
            clock.asleep.clear()
            clock.advance(3601)
        await clock.asleep.wait()
        clearing.cancel()

        left = await database.read(lambda conn: conn.scalar(select(table.c.text)))

    assert left is None


async def test_retention(tmp_path: Path) -> None:
    """What people gave is deleted a year after it was said, however much there is, and its bytes leave the files."""
    clock, vault, place = Dozing(), Vault.of("a key for tests"), "web:lobby"
    ages = [timedelta(days=366, seconds=number) for number in range(1200)] + [timedelta(days=364)]
    given = [
        posts.Post(place, None, "channel_log", "web:Ada", f"xylophone-{number}", clock.now() - age, "words")
        for number, age in enumerate(ages)
    ]
    async with await Database.open(f"sqlite:///{tmp_path / 'planchette.db'}") as database:
        await database.write(partial(posts.add, vault=vault, given=given))
        clearing = asyncio.create_task(Clearing(database, clock, a_year).run())
        await clock.asleep.wait()
        clearing.cancel()

        (left,) = await database.read(posts.counts)
        found = files(tmp_path)

    assert left.messages == 1
    assert b"xylophone-1200" in found
    assert b"xylophone-0" not in found
    assert b"xylophone-1199" not in found


async def test_what_was_deleted_elsewhere(tmp_path: Path) -> None:
    """What was deleted while somebody read, so that it stayed in the log, leaves the files within the hour."""
    clock, vault, place = Dozing(), Vault.of("a key for tests"), "web:lobby"
    given = [posts.Post(place, None, "channel_log", "web:Ada", "xylophone", clock.now(), "words")]
    async with await Database.open(f"sqlite:///{tmp_path / 'planchette.db'}") as database:
        clearing = asyncio.create_task(Clearing(database, clock, a_year).run())
        await clock.asleep.wait()
        await database.write(partial(posts.add, vault=vault, given=given))
        await database.write(partial(posts.delete, place=place, messages=["xylophone"]))
        before = files(tmp_path)
        clock.asleep.clear()
        clock.advance(3601)
        await clock.asleep.wait()
        clearing.cancel()

        after = files(tmp_path)

    assert b"xylophone" in before
    assert b"xylophone" not in after


def files(home: Path) -> bytes:
    """All that the database's files hold."""
    return b"".join(path.read_bytes() for path in home.iterdir())


async def test_trainings(tmp_path: Path) -> None:
    """A training that is over, or that nobody ever began, is forgotten after a month."""
    clock = Dozing()
    states = ("asked", "queued", "running", "done", "failed", "cancelled")

    async def train(conn: AsyncConnection) -> None:
        for days in (29, 31):
            for state in states:
                at = clock.now() - timedelta(days=days)
                ended = at if state in ("done", "failed", "cancelled") else None
                job = Job(f"{state} {days}", "web:lobby", None, "web:Ada", state, {}, "en", at, ended=ended)
                await jobs.add(conn, job)

    async with await Database.open(f"sqlite:///{tmp_path / 'planchette.db'}") as database:
        await database.write(train)
        clearing = asyncio.create_task(Clearing(database, clock, a_year).run())
        await clock.asleep.wait()
        clearing.cancel()
        left = await database.read(partial(jobs.of_place, place="web:lobby", limit=100))

    assert {job.id for job in left} == {*(f"{state} 29" for state in states), "queued 31", "running 31"}
