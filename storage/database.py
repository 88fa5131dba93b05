"""The database: opened, migrated, written by one, read by many."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TypeVar

from storage.engines import Location, Transactions, emptied_log, located, reading, writing
from storage.errors import DatabaseClosed, DatabaseFault
from storage.faults import fault_of
from storage.trips import Operation
from storage.writer import Writer

T = TypeVar("T")


class Database:
    """An open database; `await Database.open(url)` makes one.

    `name` is the path, or the URL with its password masked.
    """

    def __init__(self, location: Location, writer: Transactions, reader: Transactions) -> None:
        self.name = location.name
        self._location = location
        self._engines = (writer, reader)
        self._reader = reader
        self._writer = Writer(writer, location.name)
        self._closed = False

    @classmethod
    async def open(cls, url: str) -> Database:
        """Opens the database at `url`, makes it where there is none, and brings its tables up to date.

        Args:
            url: `sqlite:///PATH` or `postgresql://…`.

        Raises:
            StorageError: it cannot be used, and is as it was.
        """
        from storage.migrations import migrate  # Alembic takes 0.2 s to import: only who opens a database waits for it

        location = located(url)
        await asyncio.to_thread(migrate, location)
        return cls(location, writing(location), reading(location))

    async def write(self, operation: Operation[T]) -> T:
        """Runs `operation` in a transaction shared with others, and returns what it returned, once it is committed.

        It gets a connection and awaits nothing else. Its exception undoes what it did, nothing else, and is raised
        here.

        Raises:
            StorageError: the database is full, locked, gone or closed; nothing of it was stored.
        """
        return await self._writer.write(operation)

    async def read(self, query: Operation[T]) -> T:
        """Runs `query` on a connection that sees one committed moment.

        Raises:
            StorageError: the database is locked, damaged or gone.
        """
        if self._closed:
            raise DatabaseClosed(self.name)
        try:
            return await self._reader.run(query)
        except Exception as error:
            fault = fault_of(error, self.name)
            if fault is None:
                raise
            raise fault from error

    async def purge(self) -> bool:
        """Takes what was deleted or changed out of the log of a SQLite file, where it stands until that is used again.

        Rows are overwritten as they are deleted; a server clears away what was deleted by itself.

        Returns:
            False where somebody was reading or writing all the while; try again later.

        Raises:
            StorageError: the database is damaged or gone.
        """
        try:
            return await asyncio.to_thread(emptied_log, self._location)
        except Exception as error:
            raise fault_of(error, self.name) or DatabaseFault(self.name, str(error)) from error

    async def close(self) -> None:
        """Finishes what waits to be written, and closes all connections."""
        self._closed = True
        await self._writer.close()
        for engine in self._engines:
            await engine.dispose()

    async def __aenter__(self) -> Database:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()
