from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import engines, errors, settings
from storage.database import Database
from tests.storage.gates import Gate

READ_ONLY = """
import asyncio, sys
from storage.database import Database
from storage.errors import StorageError

try:
    asyncio.run(Database.open(sys.argv[1]))
except StorageError as error:
    print(type(error).__name__, error.sentence())
"""


def opening(url: str) -> errors.StorageError:
    """What opening a database is refused with."""
    with pytest.raises(errors.StorageError) as refused:
        asyncio.run(Database.open(url))
    return refused.value


def make(url: str, version: str | None = None) -> None:
    """Makes a database, as if by the version whose last migration has that name."""

    async def made() -> None:
        async with await Database.open(url) as database:
            if version is not None:
                change = text("UPDATE planchette_version SET version_num = :version")
                await database.write(lambda conn: conn.execute(change, {"version": version}))

    asyncio.run(made())


def without_privilege() -> None:
    """Makes file permissions count for root too, from the next program on."""
    drop, override = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE; linux/prctl.h, linux/capability.h
    ctypes.CDLL(None).prctl(drop, override, 0, 0, 0)


async def test_made(blank: str) -> None:
    """A database that is not there yet is made, and remembers after it was closed."""
    async with await Database.open(blank) as database:
        await database.write(lambda conn: settings.put(conn, "web:lobby", "length", "80"))

    async with await Database.open(blank) as database:
        found = await database.read(lambda conn: settings.values(conn, ["web:lobby"]))

    assert found == {"web:lobby": {"length": "80"}}


async def test_opened_at_once(blank: str) -> None:
    """Several may open, and so make, the same new database at the same time."""
    databases = await asyncio.gather(*(Database.open(blank) for _ in range(4)))

    await asyncio.gather(
        *(
            database.write(lambda conn, name=str(number): settings.put(conn, "web:lobby", name, "1"))
            for number, database in enumerate(databases)
        )
    )

    found = await databases[0].read(lambda conn: settings.values(conn, ["web:lobby"]))
    assert found == {"web:lobby": {"0": "1", "1": "1", "2": "1", "3": "1"}}
    for database in databases:
        await database.close()


async def test_safe_pragmas(sqlite: Database) -> None:
    """SQLite writes ahead, to the disk, with its keys checked and what is deleted overwritten; readers cannot write."""

    async def pragmas(conn: AsyncConnection) -> dict[str, object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout", "query_only")
        return {name: await conn.scalar(text(f"PRAGMA {name}")) for name in names}

    writing = await sqlite.write(pragmas)
    reading = await sqlite.read(pragmas)

    assert writing == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 5000,
        "query_only": 0,
    }
    assert (reading["busy_timeout"], reading["query_only"]) == (5000, 1)


async def test_readers_read(database: Database) -> None:
    """A read cannot change anything."""
    with pytest.raises(errors.DatabaseReadOnly):
        await database.read(lambda conn: settings.put(conn, "web:lobby", "length", "80"))

    assert await database.read(lambda conn: settings.values(conn, ["web:lobby"])) == {"web:lobby": {}}


async def test_one_moment(database: Database) -> None:
    """All statements of one read see the same moment, whatever is written meanwhile."""
    read_once, written = Gate(), Gate()

    async def twice(conn: AsyncConnection) -> list[dict[str, dict[str, str]]]:
        first = await settings.values(conn, ["web:lobby"])
        read_once.open()
        await written.passed(conn)
        return [first, await settings.values(conn, ["web:lobby"])]

    reading = asyncio.create_task(database.read(twice))
    await read_once.opened()
    await database.write(lambda conn: settings.put(conn, "web:lobby", "length", "80"))
    written.open()

    assert await reading == [{"web:lobby": {}}] * 2
    assert await database.read(lambda conn: settings.values(conn, ["web:lobby"])) == {"web:lobby": {"length": "80"}}


async def test_cancelled_reads(database: Database) -> None:
    """Reads that are cancelled leave their connections to others."""
    gate = Gate()

    async def long(conn: AsyncConnection) -> None:
        await settings.values(conn, ["web:lobby"])
        await gate.passed(conn)

    for _ in range(engines.READERS + 1):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(database.read(long), 0.05)
    gate.open()

    assert await database.read(lambda conn: settings.values(conn, [])) == {}


def test_newer(blank: str, path: Path) -> None:
    """A database of a newer version is refused with a sentence, and not a byte of it changes."""
    make(blank, version="9999")
    before = path.read_bytes() if path.exists() else None

    refused = opening(blank)

    assert isinstance(refused, errors.DatabaseNewer)
    assert refused.database in refused.sentence()
    assert "newer version" in refused.sentence()
    assert (path.read_bytes() if path.exists() else None) == before


def test_no_database(path: Path) -> None:
    """A file that is no database is refused with a sentence that names it, and stays as it is."""
    path.write_text("Once upon a time there was a file. " * 100)
    before = path.read_bytes()

    refused = opening(f"sqlite:///{path}")

    assert isinstance(refused, errors.DatabaseForeign)
    assert refused.sentence().startswith(f"{path} is not a database of Planchette")
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_database_of_another(path: Path) -> None:
    """Another program's database is refused and stays as it is."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    connection.close()
    before = path.read_bytes()

    refused = opening(f"sqlite:///{path}")

    assert isinstance(refused, errors.DatabaseForeign)
    assert "it has a table bookmarks of another program" in refused.sentence()
    assert path.read_bytes() == before


def test_damaged(path: Path) -> None:
    """A database whose pages were overwritten is refused or read with a sentence, never with a driver's error."""
    make(f"sqlite:///{path}")
    damaged = bytearray(path.read_bytes())
    damaged[100:] = b"\xa5" * (len(damaged) - 100)
    path.write_bytes(damaged)

    refused = opening(f"sqlite:///{path}")

    assert isinstance(refused, errors.DatabaseForeign)
    assert "damaged" in refused.sentence()


def test_no_folder(tmp_path: Path) -> None:
    """A path in a folder that is not there gets a sentence that names it, and makes nothing."""
    path = tmp_path / "nowhere" / "planchette.db"

    refused = opening(f"sqlite:///{path}")

    assert isinstance(refused, errors.DatabaseUnreachable)
    assert str(path) in refused.sentence()
    assert not path.parent.exists()


@pytest.mark.parametrize("folder_too", [False, True])
def test_read_only(path: Path, folder_too: bool) -> None:
    """A database that this user may not write gets a sentence that names it."""
    folder = path.parent
    make(f"sqlite:///{path}")
    path.chmod(0o444)
    folder.chmod(0o555 if folder_too else 0o755)

    outcome = subprocess.run(
        [sys.executable, "-B", "-c", READ_ONLY, f"sqlite:///{path}"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
        preexec_fn=without_privilege if os.geteuid() == 0 else None,
    )

    folder.chmod(0o755)
    assert outcome.stdout.startswith(f"DatabaseReadOnly The database {path} cannot be written"), outcome.stderr


def test_no_server() -> None:
    """A PostgreSQL server that does not answer gets a sentence without the password."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        refused = opening(f"postgresql://ada:hunter2@127.0.0.1:{port}/tales?password=hunter2")

    assert isinstance(refused, errors.DatabaseUnreachable)
    assert refused.database == f"postgresql://ada:***@127.0.0.1:{port}/tales"
    assert "hunter2" not in refused.sentence()


@pytest.mark.parametrize("kind", ["postgresql"])
def test_no_such_database(url: str) -> None:
    """A PostgreSQL database or user that is not there gets a sentence."""
    missing = opening(url.replace("/migrated", "/unmigrated"))
    stranger = opening(url.replace("planchette@", "stranger@"))

    assert isinstance(missing, errors.DatabaseUnreachable)
    assert isinstance(stranger, errors.DatabaseUnreachable)
    assert "does not exist" in missing.sentence()
    assert "stranger" in stranger.sentence()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tales.db",
        "mysql://ada@host/tales",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql+psycopg2://h/d",
        "a://b:c:d@",
    ],
)
def test_unusable_url(url: str) -> None:
    """An address of no database that can be used gets a sentence that says what it has to be."""
    refused = opening(url)

    assert isinstance(refused, errors.UnusableUrl)
    assert "it has to be sqlite:///PATH or postgresql://USER@HOST/NAME" in refused.sentence()


async def test_closed(database: Database) -> None:
    """A closed database takes nothing more, says so, and may be closed again."""
    await database.close()

    with pytest.raises(errors.DatabaseClosed):
        await database.write(lambda conn: settings.put(conn, "web:lobby", "length", "80"))
    with pytest.raises(errors.DatabaseClosed):
        await database.read(lambda conn: settings.values(conn, []))

    await database.close()
