from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.database import Database
from storage.errors import DatabaseForeign, DatabaseNewer, StorageError
from storage.looking import State, look


async def made(file: Path, *changes: str) -> str:
    """The URL of a database as this version makes it, changed afterwards."""
    url = f"sqlite:///{file}"
    await (await Database.open(url)).close()
    with closing(sqlite3.connect(file)) as database:
        for change in changes:
            database.execute(change)
        database.commit()
    return url


async def test_missing(tmp_path: Path) -> None:
    """A file that is not there is not made by looking for it."""
    file = tmp_path / "planchette.db"

    name, state = await look(f"sqlite:///{file}")

    assert (name, state) == (str(file), State.EMPTY)
    assert not file.exists()


@pytest.mark.parametrize(
    ("changes", "expected"), [((), State.CURRENT), (("DELETE FROM planchette_version",), DatabaseForeign)]
)
async def test_state(tmp_path: Path, changes: tuple[str, ...], expected: State | type[StorageError]) -> None:
    """What is up to date is told from what is not ours, and neither is changed."""
    file = tmp_path / "planchette.db"
    url = await made(file, *changes)
    before = file.read_bytes()

    try:
        _, state = await look(url)
        found: object = state
    except StorageError as fault:
        found = type(fault)

    assert found == expected
    assert file.read_bytes() == before


async def test_newer(tmp_path: Path) -> None:
    """A database of a newer version is refused, as opening it would be."""
    url = await made(tmp_path / "planchette.db", "UPDATE planchette_version SET version_num = 'v9999'")

    with pytest.raises(DatabaseNewer):
        await look(url)


async def test_older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that lacks a migration is told, and stays without it."""
    from alembic.script import ScriptDirectory

    url = await made(tmp_path / "planchette.db")
    monkeypatch.setattr(ScriptDirectory, "get_current_head", lambda _: "v0002")

    _, state = await look(url)

    assert state is State.OLDER
