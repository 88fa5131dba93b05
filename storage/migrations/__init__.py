"""Brings a database's tables up to date, with Alembic.

A change of `storage.schema` comes with a new file in `versions`, which names the one before it. What is there already
is never changed: databases out there have been through it.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from storage.engines import Location, migrating, writing
from storage.errors import DatabaseFault, DatabaseForeign, DatabaseNewer, StorageError
from storage.faults import fault_of
from storage.schema import metadata

VERSION_TABLE: Final = "planchette_version"  # Alembic's own name may belong to another program on the same server

_one_at_a_time = threading.Lock()  # Alembic hands its context to migrations through global names


def migrate(location: Location) -> None:
    """Brings the database up to date in one transaction, or leaves it as it was.

    It blocks, and for a server runs an event loop of its own: call it in a thread.

    Raises:
        StorageError: it cannot be opened or written, is not ours, or a newer version has written it.
    """
    with _one_at_a_time:
        try:
            if location.sqlite:
                _migrate_file(location)
            else:
                asyncio.run(_migrate_server(location))
        except StorageError:
            raise
        except Exception as error:
            raise fault_of(error, location.name) or DatabaseFault(location.name, str(error)) from error


def _migrate_file(location: Location) -> None:
    with migrating(location).connect() as connection:
        with connection.begin():
            changed = _upgrade(connection, location)
            if changed and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
                reason = f"a row of {broken[0]} refers to a row of {broken[2]} that is not there"
                raise DatabaseForeign(location.name, reason)
        # now, while nobody reads: a reader would keep the writer from changing it; transactions forbid it
        connection.connection.cursor().execute("PRAGMA journal_mode=WAL")


async def _migrate_server(location: Location) -> None:
    engine = writing(location)
    try:
        await engine.run(lambda conn: conn.run_sync(_upgrade, location))
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, location: Location) -> bool:
    """Runs the migrations that are missing; False if none are."""
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    script = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
    if current == script.get_current_head():
        connection.exec_driver_sql(f"DELETE FROM {VERSION_TABLE} WHERE 1 = 0")  # fails now if nothing can be written
        return False
    if current is None:
        _refuse_foreign(connection, location)
    elif current not in {revision.revision for revision in script.walk_revisions()}:
        raise DatabaseNewer(location.name, current)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True


def _refuse_foreign(connection: Connection, location: Location) -> None:
    tables = set(inspect(connection).get_table_names())
    others = tables if location.sqlite else tables & set(metadata.tables)  # a server's database may be shared
    if others:
        raise DatabaseForeign(location.name, f"it has a table {min(others)} of another program")
