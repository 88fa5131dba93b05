"""What of several processes over one PostgreSQL database only one may have: claimed for as long as it is connected.

A claim is an advisory lock of a connection of its own, so that the server gives it up when the process dies, however it
dies. Nothing of it is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.engines import CONNECTING, PATIENCE, Location, located
from storage.errors import DatabaseFault, MissingDriver, StorageError
from storage.faults import fault_of

GATE: Final = 0x506C6170  # «Plap»: whoever looks what is taken and takes it holds this meanwhile
LOOKING: Final = 10.0  # seconds between two looks at whether the connection is still there
AGAIN: Final = 0.2  # seconds between two attempts: a process that was killed a moment ago may still be connected
BITS: Final = 15  # of a part's number, so that it and how many there are fit into a lock's second number

# the server gives up a machine that has gone without a word after 10 + 3 · 3 seconds, by its settings for TCP
KEEPALIVE: Final = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "3", "tcp_keepalives_count": "3"}
DYING: Final = 25.0  # seconds until what a process had that is gone is surely given up

HELD: Final = (
    "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted "
    "AND classid::bigint = {} AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND pid <> pg_backend_pid()"
)
SESSIONS: Final = "FROM pg_stat_activity WHERE"
NAMED: Final = "pid || ' ' || backend_start"  # a process id may be another's by the time it is looked for


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that one process alone may have, or one of the equal parts of it.

    Attributes:
        what: its name.
        part: counted from 0.
        parts: how many there are; two processes that divide it differently cannot both have some.
    """

    what: str
    part: int = 0
    parts: int = 1


@dataclass(eq=False)
class Taken(Exception):  # it is told as an error by who knows what it is that was claimed
    """Another process has it, or a part that goes with no other.

    Attributes:
        database: as people may see it.
        wanted: what was wanted of it.
        held: what others have of it.
    """

    database: str
    wanted: tuple[Claim, ...]
    held: tuple[Claim, ...]


class Claims:
    """What this process has; `await Claims.take(url, wanted)` makes one."""

    def __init__(self, location: Location, wanted: Collection[Claim], names: Collection[str]) -> None:
        self._location = location
        self._wanted = tuple(wanted)
        self._names = tuple(names)
        self._session: str | None = None  # what the server calls the connection, also once it is lost
        self._engine: AsyncEngine | None = None
        self._connection: AsyncConnection | None = None

    @classmethod
    async def take(
        cls, url: str, wanted: Collection[Claim], names: Collection[str] = (), patience: float = DYING
    ) -> Claims:
        """Claims all that is wanted, or nothing.

        Args:
            url: of a PostgreSQL database.
            names: of all that there is to claim, by which others are noticed.
            patience: seconds in which another process may still give something up.

        Raises:
            Taken: another process has some of it.
            StorageError: the database cannot be reached.
        """
        claims = cls(located(url), wanted, {*names, *(claim.what for claim in wanted)})
        await claims._take(patience)
        return claims

    async def keep(self, every: float = LOOKING, patience: float = PATIENCE) -> None:
        """Claims all anew where the connection is lost, until it is cancelled.

        Args:
            every: seconds between two looks.
            patience: seconds in which the server may still give up what the lost connection had. What another process
                has by now is not waited for: both would serve it meanwhile.

        Raises:
            Taken: another process has claimed some of it meanwhile.
        """
        while True:
            await asyncio.sleep(every)
            try:
                if not await self._is_connected():
                    await self._take(patience)
            except StorageError:  # the same is told of every write meanwhile
                await self._disconnect()

    async def others(self) -> bool:
        """Whether another process has something of the database now.

        Raises:
            StorageError: the database cannot be reached.
        """
        return any([await self._held(name) for name in self._names])

    async def close(self) -> None:
        """Gives all up."""
        await self._disconnect()

    async def _is_connected(self) -> bool:
        """Whether the connection is still there."""
        if self._connection is None:
            return False
        try:
            await self._run("SELECT 1")
        except StorageError:
            return False
        return True

    async def _take(self, patience: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + patience
        while True:
            try:
                return await self._connect()
            except Taken:
                if loop.time() >= end:
                    raise
            await asyncio.sleep(AGAIN)

    async def _connect(self) -> None:
        await self._disconnect()
        try:
            settings = {"lock_timeout": f"{int(PATIENCE * 1000)}ms", "application_name": "planchette", **KEEPALIVE}
            self._engine = create_async_engine(
                self._location.url,
                connect_args={"timeout": CONNECTING, "command_timeout": CONNECTING, "server_settings": settings},
                isolation_level="AUTOCOMMIT",
                poolclass=NullPool,
            )
        except ModuleNotFoundError as error:
            raise MissingDriver(self._location.name) from error
        try:
            await self._claim()
        except BaseException:
            await self._disconnect()
            raise

    async def _claim(self) -> None:
        """Looks what others have, and takes what is wanted of the rest."""
        assert self._engine is not None
        try:
            self._connection = await self._engine.connect()
        except Exception as error:
            raise self._fault(error) from error
        if self._session is not None:  # the server may not have noticed yet that it is lost
            await self._run(f"SELECT pg_terminate_backend(pid) {SESSIONS} {NAMED} = '{self._session}'")
        self._session = (await self._run(f"SELECT {NAMED} {SESSIONS} pid = pg_backend_pid()"))[0]
        await self._run(f"SELECT pg_advisory_lock({GATE})")
        held = {name: await self._held(name) for name in {claim.what for claim in self._wanted}}
        for claim in self._wanted:
            if not _may_have(claim, held[claim.what]):
                wanted = tuple(each for each in self._wanted if each.what == claim.what)
                raise Taken(self._location.name, wanted, tuple(held[claim.what]))
        for claim in self._wanted:
            await self._run(f"SELECT pg_advisory_lock({_signed(_class(claim.what))}, {_number(claim)})")
        await self._run(f"SELECT pg_advisory_unlock({GATE})")

    async def _held(self, name: str) -> list[Claim]:
        """What other processes have of it."""
        numbers = sorted(await self._run(HELD.format(_class(name))))
        return [Claim(name, number & ((1 << BITS) - 1), number >> BITS) for number in numbers]

    async def _run(self, statement: str) -> list[Any]:
        """The first column of what a statement gives."""
        assert self._connection is not None
        try:
            return list((await self._connection.exec_driver_sql(statement)).scalars())
        except Exception as error:
            raise self._fault(error) from error

    async def _disconnect(self) -> None:
        """Ends the connection without a word, as it may be dead: the server takes back what it had."""
        connection, engine, self._connection, self._engine = self._connection, self._engine, None, None
        if connection is not None:
            await connection.invalidate()
            await connection.close()
        if engine is not None:
            await engine.dispose()

    def _fault(self, error: Exception) -> StorageError:
        return fault_of(error, self._location.name) or DatabaseFault(self._location.name, str(error))


def _may_have(claim: Claim, held: Iterable[Claim]) -> bool:
    return all(other.parts == claim.parts and other.part != claim.part for other in held)


def _class(name: str) -> int:
    return crc32(f"planchette {name}".encode())


def _signed(number: int) -> int:
    """A number of 32 bits as PostgreSQL takes it, whose views show it without a sign."""
    return number - (1 << 32) if number >= 1 << 31 else number


def _number(claim: Claim) -> int:
    return claim.parts << BITS | claim.part
