"""SQLite with one trip to its thread for each statement.

aiosqlite makes four: for a cursor, the statement, the rows, and the cursor's end. A vote is a dozen statements, and
each trip waits twice for a thread to wake up, so the trips are what a vote takes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any

import aiosqlite


def connect(database: str, **options: Any) -> Connection:
    """A connection as SQLAlchemy's dialect for aiosqlite takes it; `options` as for `sqlite3.connect`."""
    connection = Connection(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # as the dialect does with those that it makes: no end of a program waits for it
    return connection


class Connection(aiosqlite.Connection):
    """A connection whose cursors run a statement, fetch its rows and end in one trip."""

    def cursor(self) -> Cursor:  # type: ignore[override]  # the dialect enters what it gets
        return Cursor(self)


class Cursor:
    """One statement after the other; all rows of the last are here.

    Attributes:
        description, rowcount, lastrowid, arraysize: as in PEP 249.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Cursor:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def execute(self, statement: str, parameters: Iterable[Any] = ()) -> Cursor:
        """Runs a statement."""
        return await self._run(lambda cursor: cursor.execute(statement, tuple(parameters)))

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> Cursor:
        """Runs a statement once for each of the parameters."""
        return await self._run(lambda cursor: cursor.executemany(statement, parameters))

    async def fetchall(self) -> Sequence[Any]:
        """The rows of the last statement."""
        return self._rows

    async def close(self) -> None:
        """Forgets the rows."""
        self._rows = ()

    async def _run(self, statement: Callable[[sqlite3.Cursor], object]) -> Cursor:
        def trip() -> None:
            cursor = self._connection._conn.cursor()
            try:
                statement(cursor)
                self._rows = cursor.fetchall() if cursor.description else ()
                self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
            finally:
                cursor.close()

        await self._connection._execute(trip)  # type: ignore[no-untyped-call]  # its own cursors call it so too
        return self
