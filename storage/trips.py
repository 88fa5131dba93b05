"""SQLite, a transaction in one trip to a connection's thread.

Through SQLAlchemy's asyncio layer each statement makes four trips: for a cursor, the statement, its rows and the
cursor's end. A vote is a dozen statements, a trip waits twice for a thread to wake up, and where many vote at once that
waiting is all there is. So an operation runs as a whole beside the connection, without the event loop; it is the same
code that a server's connection awaits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar, cast

import aiosqlite
from sqlalchemy import URL, Connection, Engine, NestedTransaction, StaticPool, create_engine
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite as SQLite
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
Operation = Callable[[AsyncConnection], Awaitable[T]]

NOWHERE: Final = "sqlite://"  # the engine makes no connection of its own


class Direct:
    """What operations use of an `AsyncConnection`, on a connection of the thread that they run in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect

    @property
    def invalidated(self) -> bool:
        """Whether the connection is of no use any more."""
        return self._connection.invalidated

    async def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Runs a statement; all its rows are there."""
        return self._connection.execute(statement, parameters)

    async def scalar(self, statement: Any, parameters: Any = None) -> Any:
        """The first column of a statement's first row."""
        return self._connection.scalar(statement, parameters)

    async def run_sync(self, work: Callable[..., T], *arguments: Any) -> T:
        """Calls something with the connection itself."""
        return work(self._connection, *arguments)

    async def begin_nested(self) -> Savepoint:
        """Sets a savepoint."""
        return Savepoint(self._connection.begin_nested())


class Savepoint:
    """A savepoint, kept or taken back."""

    def __init__(self, transaction: NestedTransaction) -> None:
        self._transaction = transaction

    async def commit(self) -> None:
        """Keeps what was done since."""
        self._transaction.commit()

    async def rollback(self) -> None:
        """Takes back what was done since."""
        self._transaction.rollback()


class Lane:
    """A connection with its thread; opened when it is first used, and again where that failed.

    Args:
        url: of the file.
        prepare: sets up the engine: what is done when it connects, and when a transaction begins.
        options: as for `sqlite3.connect`.
    """

    def __init__(self, url: URL, prepare: Callable[[Engine], None], **options: Any) -> None:
        self._url = url
        self._prepare = prepare
        self._options = options
        self._opening = asyncio.Lock()
        self._open: tuple[aiosqlite.Connection, Engine] | None = None

    async def run(self, operation: Operation[T]) -> T:
        """Runs an operation in a transaction of its own."""
        async with self._opening:
            if self._open is None:
                self._open = await self._opened()
        connection, engine = self._open
        return await _trip(connection, lambda: _transact(engine, operation))

    async def close(self) -> None:
        """Ends the connection and its thread, after what is in hand."""
        if self._open is not None:
            await self._open[0].close()

    async def _opened(self) -> tuple[aiosqlite.Connection, Engine]:
        arguments, options = SQLite().create_connect_args(self._url)
        connection = aiosqlite.connect(*arguments, **{**options, **self._options})
        connection._thread.daemon = True  # no end of a program waits for it
        await connection
        engine = create_engine(NOWHERE, creator=lambda: connection._conn, poolclass=StaticPool, hide_parameters=True)
        self._prepare(engine)
        try:
            await _trip(connection, lambda: engine.connect().close())
        except BaseException:
            await connection.close()
            raise
        return connection, engine


class Lanes:
    """So many connections to one file, of which each transaction takes one."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes = lanes
        self._idle: asyncio.LifoQueue[Lane] = asyncio.LifoQueue()  # a thread more only where all are busy
        for lane in lanes:
            self._idle.put_nowait(lane)

    async def run(self, operation: Operation[T]) -> T:
        """Runs an operation in a transaction; it is over when this returns, or undone when this raises."""
        lane = await self._idle.get()
        try:
            return await lane.run(operation)
        finally:
            self._idle.put_nowait(lane)

    async def dispose(self) -> None:
        """Closes all connections."""
        for lane in self._lanes:
            await lane.close()


async def _trip(connection: aiosqlite.Connection, work: Callable[[], T]) -> T:
    result: T = await connection._execute(work)  # type: ignore[no-untyped-call]  # aiosqlite's cursors call it so too
    return result


def _transact(engine: Engine, operation: Operation[T]) -> T:
    with engine.connect() as connection, connection.begin():
        return driven(operation(cast(AsyncConnection, Direct(connection))))


def driven(work: Awaitable[T]) -> T:
    """What a coroutine returns that waits for nothing.

    Raises:
        RuntimeError: it waits for something, which would hold up everybody else.
    """
    coroutine = cast("Coroutine[Any, Any, T]", work)
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("an operation on the database may wait for nothing but its connection")
