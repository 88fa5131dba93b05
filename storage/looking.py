"""Looks at a database and leaves it as it is."""

from __future__ import annotations

import asyncio
import os
from enum import Enum
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engines import Location, located, reading
from storage.errors import DatabaseFault, DatabaseForeign, DatabaseNewer, DatabaseReadOnly, StorageError
from storage.faults import fault_of
from storage.migrations import VERSION_TABLE
from storage.schema import metadata


class State(Enum):
    """What opening a database would do with it."""

    EMPTY = "made"
    OLDER = "migrated"
    CURRENT = "used as it is"


async def look(url: str, *, closely: bool = False) -> tuple[str, State]:
    """The name of the database at `url`, as people may see it, and how it is.

    Args:
        url: as `Database.open` takes it.
        closely: reads a file of SQLite whole, which takes a second for each few hundred megabytes.

    Raises:
        StorageError: it cannot be used.
    """
    location = located(url)
    if location.sqlite and not await asyncio.to_thread(_is_there, location.name):
        return location.name, State.EMPTY
    engine = reading(location)
    try:
        return location.name, await engine.run(lambda conn: _looked(conn, location, closely=closely))
    except StorageError:
        raise
    except Exception as error:
        raise fault_of(error, location.name) or DatabaseFault(location.name, str(error)) from error
    finally:
        await engine.dispose()


async def _looked(conn: AsyncConnection, location: Location, *, closely: bool) -> State:
    if closely and location.sqlite:
        await conn.run_sync(_check, location)
    return await conn.run_sync(_state, location)


def _is_there(file: str) -> bool:
    if not Path(file).exists():
        return False
    if not os.access(file, os.W_OK):
        raise DatabaseReadOnly(file)
    return True


def _check(connection: Connection, location: Location) -> None:
    """Raises DatabaseForeign where pages of the file are damaged."""
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise DatabaseForeign(location.name, " ".join(str(found).split()).rstrip("."))


def _state(connection: Connection, location: Location) -> State:
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    script = ScriptDirectory.from_config(config)
    revision = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
    tables = set(inspect(connection).get_table_names())
    if revision == script.get_current_head():
        if missing := set(metadata.tables) - tables:
            raise DatabaseForeign(location.name, f"its table {min(missing)} is missing")
        return State.CURRENT
    if revision is None:
        if others := tables if location.sqlite else tables & set(metadata.tables):
            raise DatabaseForeign(location.name, f"it has a table {min(others)} of another program")
        return State.EMPTY
    if revision not in {known.revision for known in script.walk_revisions()}:
        raise DatabaseNewer(location.name, revision)
    return State.OLDER
