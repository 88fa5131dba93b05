from __future__ import annotations

import asyncio
import resource
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import engines, errors, rooms, settings
from storage.database import Database
from tests.storage.builders import ADA, NOON
from tests.storage.gates import Gate

PLACE = "web:lobby"


async def put(conn: AsyncConnection, name: str, value: str = "1") -> str:
    await settings.put(conn, PLACE, name, value)
    return name


async def names(database: Database) -> list[str]:
    return list((await database.read(lambda conn: settings.values(conn, [PLACE])))[PLACE])


async def big(conn: AsyncConnection) -> None:
    """Writes a megabyte."""
    await rooms.add(conn, "lobby", ADA, "", attachments=[("x", "text/plain", bytes(1_000_000))], at=NOON)


async def test_gathered(database: Database) -> None:
    """Operations that wait together share a transaction, and each gets its own answer."""
    commits: list[object] = []

    def committed(connection: object) -> None:
        commits.append(connection)

    event.listen(Engine, "commit", committed)

    answers = await asyncio.gather(*(database.write(lambda conn, name=f"{n:02}": put(conn, name)) for n in range(50)))

    event.remove(Engine, "commit", committed)

    assert answers == [f"{n:02}" for n in range(50)]
    assert await names(database) == answers
    assert len(commits) < 5


async def test_own_failure(database: Database) -> None:
    """An operation that fails undoes what it did, raises its own error, and takes no other along."""

    async def fails(conn: AsyncConnection) -> None:
        await put(conn, "half")
        raise LookupError("of its own")

    async def breaks_a_key(conn: AsyncConnection) -> None:
        await put(conn, "other half")
        await conn.execute(text("INSERT INTO settings (place, name, value) VALUES ('p', 'n', NULL)"))

    outcomes = await asyncio.gather(
        database.write(lambda conn: put(conn, "before")),
        database.write(fails),
        database.write(breaks_a_key),
        database.write(lambda conn: put(conn, "later")),
        return_exceptions=True,
    )

    assert outcomes[0] == "before"
    assert isinstance(outcomes[1], LookupError)
    assert type(outcomes[2]).__name__ == "IntegrityError"
    assert outcomes[3] == "later"
    assert await names(database) == ["before", "later"]


async def test_cancelled_in_time(database: Database) -> None:
    """An operation whose caller is cancelled before its turn never runs; the others do."""
    tasks = [asyncio.create_task(database.write(lambda conn, name=n: put(conn, name))) for n in ("a", "b", "c")]
    await asyncio.sleep(0)

    tasks[1].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert outcomes[0] == "a"
    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert outcomes[2] == "c"
    assert await names(database) == ["a", "c"]


async def test_cancelled_late(database: Database) -> None:
    """An operation that has begun is finished though its caller is cancelled, and so are the others."""
    begun, cancelled = Gate(), Gate()

    async def slow(conn: AsyncConnection) -> None:
        begun.open()
        await cancelled.passed(conn)
        await put(conn, "slow")

    first = asyncio.create_task(database.write(slow))
    second = asyncio.create_task(database.write(lambda conn: put(conn, "after")))
    await begun.opened()

    first.cancel()
    await asyncio.sleep(0)
    cancelled.open()

    assert await second == "after"
    assert first.cancelled()
    assert await names(database) == ["after", "slow"]


async def test_cancels_itself(database: Database) -> None:
    """An operation that ends in a cancellation of its own is undone, and the writer writes on."""

    async def gives_up(conn: AsyncConnection) -> None:
        await put(conn, "half")
        raise asyncio.CancelledError

    outcomes = await asyncio.gather(
        database.write(gives_up), database.write(lambda conn: put(conn, "whole")), return_exceptions=True
    )

    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1] == "whole"
    assert await names(database) == ["whole"]


async def test_close_drains(url: str) -> None:
    """Closing finishes what waits."""
    database = await Database.open(url)
    writes = [asyncio.create_task(database.write(lambda conn, name=f"{n:03}": put(conn, name))) for n in range(600)]
    await asyncio.sleep(0)

    await database.close()

    assert all(write.done() for write in writes)
    async with await Database.open(url) as again:
        assert await names(again) == [write.result() for write in writes]


async def test_loop_ends(path: Path) -> None:
    """A writer that is cancelled with its event loop leaves nobody waiting."""
    database = await Database.open(f"sqlite:///{path}")
    begun = asyncio.Event()

    async def stuck(conn: AsyncConnection) -> None:
        begun.set()
        await asyncio.Event().wait()

    first = asyncio.create_task(database.write(stuck))
    await begun.wait()
    second = asyncio.create_task(database.write(lambda conn: put(conn, "x")))
    await asyncio.sleep(0)

    database._writer._task.cancel()
    outcomes = await asyncio.gather(first, second, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [errors.DatabaseClosed] * 2
    await database.close()


async def test_failed_commit(sqlite: Database) -> None:
    """When the commit fails, everyone in it is told that nothing was stored, and the next transaction works."""

    async def fails_at_commit(conn: AsyncConnection) -> None:
        await conn.execute(text("PRAGMA defer_foreign_keys=ON"))
        await conn.execute(
            text("INSERT INTO players (story, person, name, last_position) VALUES (99, 'web:Ada', 'Ada', 0)")
        )

    outcomes = await asyncio.gather(
        sqlite.write(lambda conn: put(conn, "lost")), sqlite.write(fails_at_commit), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [errors.DatabaseFault] * 2
    assert outcomes[0] is not outcomes[1]
    assert await sqlite.write(lambda conn: put(conn, "kept")) == "kept"
    assert await names(sqlite) == ["kept"]


async def test_full(sqlite: Database) -> None:
    """On a full disk nothing that was refused is stored, nothing acknowledged is lost, and room mends it."""
    await sqlite.write(lambda conn: put(conn, "before"))
    pages = await sqlite.write(lambda conn: conn.scalar(text("PRAGMA page_count")))
    await sqlite.write(lambda conn: conn.execute(text(f"PRAGMA max_page_count={pages + 10}")))

    outcomes = await asyncio.gather(
        sqlite.write(lambda conn: put(conn, "beside")), sqlite.write(big), return_exceptions=True
    )

    assert isinstance(outcomes[1], errors.DatabaseFull)
    assert str(sqlite.name) in outcomes[1].sentence()
    acknowledged = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert await names(sqlite) == sorted(["before", *acknowledged])
    await sqlite.write(lambda conn: conn.execute(text("PRAGMA max_page_count=1000000")))
    await sqlite.write(big)


async def test_refused_by_the_system(sqlite: Database, path: Path) -> None:
    """When the system refuses to let the file grow, a sentence names it, and nothing acknowledged is lost."""
    await sqlite.write(lambda conn: put(conn, "before"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, limits[1]))

    try:
        with pytest.raises(errors.DatabaseFault) as refused:
            await sqlite.write(big)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert str(path) in refused.value.sentence()
    assert await sqlite.write(lambda conn: put(conn, "later")) == "later"
    assert await names(sqlite) == ["before", "later"]


async def test_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds the database, a write waits, then gets a sentence; afterwards it works."""
    monkeypatch.setattr(engines, "PATIENCE", 0.05)
    database = await Database.open(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    outcomes = await asyncio.gather(
        *(database.write(lambda conn, name=name: put(conn, name)) for name in "ab"), return_exceptions=True
    )
    reading = await names(database)
    other.execute("ROLLBACK")

    assert [type(outcome) for outcome in outcomes] == [errors.DatabaseBusy] * 2
    assert reading == []
    assert await database.write(lambda conn: put(conn, "c")) == "c"
    other.close()
    await database.close()


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_locked_server(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program writes on the same server for too long, a write gets a sentence; afterwards it works."""
    monkeypatch.setattr(engines, "PATIENCE", 0.05)
    first, second = await Database.open(url), await Database.open(url)
    begun, free = asyncio.Event(), asyncio.Event()

    async def holds(conn: AsyncConnection) -> str:
        begun.set()
        await free.wait()
        return await put(conn, "first")

    holding = asyncio.create_task(first.write(holds))
    await begun.wait()

    with pytest.raises(errors.DatabaseBusy):
        await second.write(lambda conn: put(conn, "second"))
    free.set()

    assert await holding == "first"
    assert await second.write(lambda conn: put(conn, "second")) == "second"
    await first.close()
    await second.close()


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_server_hangs_up(database: Database) -> None:
    """A server that ends the connection costs what was being written then, and the next write works."""

    async def hangs_up(conn: AsyncConnection) -> None:
        await put(conn, "lost")
        await conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(errors.DatabaseUnreachable):
        await database.write(hangs_up)

    assert await database.write(lambda conn: put(conn, "kept")) == "kept"
    assert await names(database) == ["kept"]


async def test_waits_for_nothing_else(tmp_path: Path) -> None:
    """An operation that waits for something else than its connection would hold up everybody, and is refused."""

    async def dawdles(conn: AsyncConnection) -> None:
        await put(conn, "half")
        await asyncio.sleep(0)

    async with await Database.open(f"sqlite:///{tmp_path / 'planchette.db'}") as database:
        with pytest.raises(errors.StorageError, match="wait for nothing"):
            await database.write(dawdles)

        assert await names(database) == []
