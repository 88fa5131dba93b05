"""The one writer: what waits is gathered into one transaction and answered once that is committed."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engines import Transactions
from storage.errors import DatabaseClosed, DatabaseFault
from storage.faults import fault_of
from storage.trips import Operation

T = TypeVar("T")

GATHERING: Final = 0.002  # seconds; a commit to disk takes about as long, and is shared by all that came meanwhile
MOST: Final = 256  # operations a transaction, so that the first of them is answered soon


@dataclass(slots=True)
class _Waiting:
    """An operation, what became of it in the open transaction, and where its answer is awaited."""

    operation: Operation[Any]
    answer: asyncio.Future[Any]
    value: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        """Tells what became of it; whoever asked may have gone."""
        if self.answer.done():
            return
        if self.error is None:
            self.answer.set_result(self.value)
        elif isinstance(self.error, asyncio.CancelledError):
            self.answer.cancel()
        else:
            self.answer.set_exception(self.error)


class Writer:
    """Runs operations one after another, a savepoint each, several in one transaction.

    An operation awaits nothing but its connection: all others wait for it. When its caller is cancelled before its
    turn it never runs; later it runs to its end like every other.
    """

    def __init__(self, engine: Transactions, database: str) -> None:
        self._engine = engine
        self._database = database
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._task = asyncio.create_task(self._run(), name="storage writer")

    async def write(self, operation: Operation[T]) -> T:
        """Returns what `operation` returned, once it is committed.

        Raises:
            StorageError: nothing of it was stored.
            Exception: what `operation` raised; nothing of it was stored.
        """
        if self._closing or self._task.done():
            raise DatabaseClosed(self._database)
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(operation, answer))
        self._wake.set()
        return await answer

    async def close(self) -> None:
        """Finishes what waits, and takes nothing more."""
        self._closing = True
        self._wake.set()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        batch: list[_Waiting] = []
        try:
            while await self._anything():
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST))]
                await self._transact(batch)
        finally:  # cancelled with its event loop, or broken: nobody waits for ever
            for waiting in (*batch, *self._waiting):
                waiting.error = DatabaseClosed(self._database)
                waiting.settle()

    async def _anything(self) -> bool:
        """Waits for work, and a little longer for more; False once there will be none."""
        while not self._waiting:
            if self._closing:
                return False
            self._wake.clear()
            await self._wake.wait()
        if not self._closing and len(self._waiting) < MOST:
            await asyncio.sleep(GATHERING)
        return True

    async def _transact(self, batch: list[_Waiting]) -> None:
        try:
            await self._engine.run(lambda conn: self._attempt_all(conn, batch))
        except Exception as error:
            for waiting in batch:
                waiting.error = fault_of(error, self._database) or DatabaseFault(self._database, str(error))
                waiting.error.__cause__ = error
        for waiting in batch:
            waiting.settle()

    async def _attempt_all(self, conn: AsyncConnection, batch: list[_Waiting]) -> None:
        for waiting in batch:
            if not waiting.answer.done():
                await self._attempt(conn, waiting)

    async def _attempt(self, conn: AsyncConnection, waiting: _Waiting) -> None:
        """Runs one operation in a savepoint.

        Raises:
            Exception: the transaction is gone, and with it what the others did. SQLite rolls all of it back by itself
                on some errors, such as a full disk.
        """
        savepoint = await conn.begin_nested()
        try:
            waiting.value = await waiting.operation(conn)
            await savepoint.commit()
        except (Exception, asyncio.CancelledError) as error:
            if _is_cancelled():
                raise
            try:
                await savepoint.rollback()
            except Exception:
                raise error from None
            if conn.invalidated:  # the server has hung up
                raise
            waiting.error = fault_of(error, self._database) or error
            if waiting.error is not error:
                waiting.error.__cause__ = error


def _is_cancelled() -> bool:
    """Whether it is the writer that is cancelled, not what an operation awaited; beside a loop nothing is."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # this thread has no loop
        return False
    return task is not None and task.cancelling() > 0
