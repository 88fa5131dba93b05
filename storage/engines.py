"""Connections: one that writes, some that read, and those for migrations of files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage.errors import MissingDriver, UnusableUrl
from storage.trips import Lane, Lanes, Operation

T = TypeVar("T")

PATIENCE: Final = 5.0  # seconds for another program's lock; a commit takes milliseconds, a migration may take seconds
CONNECTING: Final = 10  # seconds for a server to answer at all
ANSWERING: Final = 60  # seconds for a server's answer to a statement: one that hangs must not hold up all writes
READERS: Final = 4  # connections; each is a thread on SQLite, and reads here take well under a millisecond
ADVISORY_LOCK: Final = 0x506C616E  # «Plan»: makes all writers on one PostgreSQL database take turns, as SQLite does

DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


@dataclass(frozen=True, slots=True)
class Location:
    """Where a database is.

    Attributes:
        url: with the driver that we use.
        name: as people may see it: the path, or the URL with its password masked.
    """

    url: URL
    name: str

    @property
    def sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"


def located(url: str) -> Location:
    """Reads a database URL.

    Raises:
        UnusableUrl: it names no SQLite file and no PostgreSQL database.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise UnusableUrl(url.split("://")[0] + "://…" if "://" in url else url) from error
    shown = parsed.set(query={key: value for key, value in parsed.query.items() if key in ("host", "port")})
    name = shown.render_as_string(hide_password=True)
    driver = DRIVERS.get(parsed.drivername)
    if driver is None:
        raise UnusableUrl(name)
    if driver == DRIVERS["sqlite"]:
        if not parsed.database or ":memory:" in parsed.database or parsed.query.get("mode") == "memory":
            raise UnusableUrl(name)  # readers are connections of their own: they would each see another database
        name = parsed.database.removeprefix("file:")
    return Location(parsed.set(drivername=driver), name)


class Transactions(Protocol):
    """Connections to a database, each for one transaction at a time."""

    async def run(self, operation: Operation[T]) -> T:
        """Runs an operation in a transaction; it is committed when this returns, and undone when this raises."""
        ...

    async def dispose(self) -> None:
        """Closes all connections."""
        ...


class Server:
    """Connections to a server."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(self, operation: Operation[T]) -> T:
        """Runs an operation in a transaction."""
        async with self._engine.connect() as conn, conn.begin():
            return await operation(conn)

    async def dispose(self) -> None:
        """Closes all connections."""
        await self._engine.dispose()


def writing(location: Location) -> Transactions:
    """The one connection that writes; its transactions exclude those of every other program."""
    if not location.sqlite:
        engine = _server(location, {}, pool_size=1)
        _on_begin(engine.sync_engine, f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
        return Server(engine)

    def prepare(engine: Engine) -> None:
        _on_connect(
            engine,
            "journal_mode=WAL",  # readers go on while it writes
            "synchronous=FULL",  # a commit is on the disk when it returns, also when the power fails
            "foreign_keys=ON",
            "secure_delete=ON",  # what is deleted is overwritten; deletions are rare here
        )
        _on_begin(engine, "BEGIN IMMEDIATE")  # a later upgrade from reading to writing could lose an update

    return Lanes([_lane(location, prepare)])


def reading(location: Location) -> Transactions:
    """Connections that see one committed moment in each transaction, and can change nothing."""
    if not location.sqlite:
        settings = {"default_transaction_isolation": "repeatable read", "default_transaction_read_only": "on"}
        return Server(_server(location, settings, pool_size=READERS))

    def prepare(engine: Engine) -> None:
        _on_connect(engine, "query_only=ON")
        _on_begin(engine, "BEGIN")

    return Lanes([_lane(location, prepare) for _ in range(READERS)])


def migrating(location: Location) -> Engine:
    """Connections to a file that may rebuild tables: with foreign keys on, the rows that refer to them would go too.

    They block, and need no event loop.
    """
    arguments = {"isolation_level": None, "timeout": PATIENCE}
    engine = create_engine(
        location.url.set(drivername="sqlite"), connect_args=arguments, poolclass=NullPool, hide_parameters=True
    )
    _on_connect(engine, "synchronous=FULL", "foreign_keys=OFF")
    _on_begin(engine, "BEGIN IMMEDIATE")
    return engine


def emptied_log(location: Location) -> bool:
    """Moves all of a file's write-ahead log into the file and cuts the log off; False where others are in the way.

    It blocks. A server has no such log.
    """
    if not location.sqlite:
        return True
    engine = create_engine(
        location.url.set(drivername="sqlite"), connect_args={"timeout": PATIENCE}, poolclass=NullPool
    )
    with engine.connect() as connection:
        cursor = connection.connection.cursor()  # the pragma runs in no transaction
        busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _lane(location: Location, prepare: Callable[[Engine], None]) -> Lane:
    return Lane(location.url, prepare, isolation_level=None, timeout=PATIENCE)  # None: we begin, not the driver


def _server(location: Location, settings: dict[str, str], *, pool_size: int) -> AsyncEngine:
    arguments = {
        "timeout": CONNECTING,
        "server_settings": {"lock_timeout": f"{int(PATIENCE * 1000)}ms", **settings},
    }
    try:
        return create_async_engine(
            location.url,
            connect_args=arguments,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except ModuleNotFoundError as error:
        raise MissingDriver(location.name) from error


def _on_connect(engine: Engine, *pragmas: str) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        try:
            for pragma in (f"busy_timeout={int(PATIENCE * 1000)}", *pragmas):
                cursor.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()  # with its thread; the pool has not taken it yet
            raise
        cursor.close()


def _on_begin(engine: Engine, statement: str) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)
