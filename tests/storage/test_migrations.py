from __future__ import annotations

import asyncio
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import errors
from storage.database import Database
from storage.engines import located, writing
from storage.migrations import VERSION_TABLE, migrate
from storage.schema import metadata


def described(connection: Connection) -> dict[str, Any]:
    """All that a database says about its tables, the conditions of partial indexes and the checks too."""
    inspector = inspect(connection)
    tables = sorted(set(inspector.get_table_names()) - {VERSION_TABLE})
    return {
        table: {
            "columns": [{key: str(value) for key, value in column.items()} for column in inspector.get_columns(table)],
            "key": inspector.get_pk_constraint(table),
            "foreign": sorted(inspector.get_foreign_keys(table), key=str),
            "unique": sorted(inspector.get_unique_constraints(table), key=str),
            "indexes": sorted(_plain(index) for index in inspector.get_indexes(table)),
            "checks": sorted(inspector.get_check_constraints(table), key=str),
        }
        for table in tables
    }


def _plain(index: Any) -> str:
    options = {key: str(value) for key, value in index.pop("dialect_options", {}).items()}
    return f"{index} {options}"


async def from_schema(url: str) -> dict[str, Any]:
    """What a database says whose tables were made from the schema at once."""
    engine = writing(located(url))
    await engine.run(lambda conn: conn.run_sync(metadata.create_all))
    description = await engine.run(lambda conn: conn.run_sync(described))
    await engine.dispose()
    return description


async def test_same_as_schema(database: Database) -> None:
    """The migrations lead to the schema: Alembic finds no difference."""

    def differences(connection: Connection) -> list[Any]:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    assert await database.read(lambda conn: conn.run_sync(differences)) == []


async def test_same_description(database: Database, blank: str, tmp_path: Path, kind: str) -> None:
    """The migrations lead to the schema: the database describes both alike, partial indexes and checks too."""
    other = f"sqlite:///{tmp_path / 'schema.db'}" if kind == "sqlite" else blank

    migrated = await database.read(lambda conn: conn.run_sync(described))

    assert migrated == await from_schema(other)
    assert "state <> 'ended'" in "".join(migrated["stories"]["indexes"])


async def test_twice(url: str) -> None:
    """Opening a database that is up to date changes nothing in it."""

    async def everything(conn: AsyncConnection) -> list[object]:
        return [*await conn.run_sync(described), await conn.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))]

    async with await Database.open(url) as database:
        first = await database.read(everything)

    async with await Database.open(url) as database:
        second = await database.read(everything)

    assert first == second


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_all_or_nothing(blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that fails leaves the database as it was."""
    monkeypatch.setattr("storage.migrations.command.upgrade", _half)

    with pytest.raises(errors.DatabaseFault, match="in the middle"):
        await asyncio.to_thread(migrate, located(blank))

    monkeypatch.undo()
    await (await Database.open(blank)).close()


def _half(config: Any, revision: str) -> None:
    config.attributes["connection"].exec_driver_sql("CREATE TABLE stories (id INTEGER)")
    raise RuntimeError("in the middle")


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_dangling_rows(blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that would leave rows without what they refer to is refused as a whole."""
    from storage import migrations

    upgrade = migrations.command.upgrade

    def forgetful(config: Any, revision: str) -> None:
        upgrade(config, revision)
        config.attributes["connection"].exec_driver_sql("INSERT INTO players VALUES (9, 'web:Ada', 'Ada', 0)")

    monkeypatch.setattr("storage.migrations.command.upgrade", forgetful)

    with pytest.raises(errors.DatabaseForeign, match="a row of players refers to a row of stories"):
        await asyncio.to_thread(migrate, located(blank))

    monkeypatch.undo()
    await (await Database.open(blank)).close()


def test_frozen() -> None:
    """No migration reads the schema of today."""
    versions = resources.files("storage") / "migrations" / "versions"

    sources = [file.read_text() for file in versions.iterdir() if file.name.startswith("v")]

    assert sources
    assert not [source for source in sources if "from storage" in source or "import storage" in source]
