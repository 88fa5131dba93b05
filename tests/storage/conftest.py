"""A database for each test, on both kinds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TypeAlias

import pytest

from storage.database import Database
from storage.schema import metadata
from storage.stories import Story
from storage.vault import Vault
from tests.storage.builders import start
from tests.storage.postgres import server

_numbers = count(1)
Opened: TypeAlias = tuple[asyncio.Runner, Database]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[str], str]]:
    """A running server; gives the URL of a database on it by name; «migrated» has the tables."""
    with server() as folder:

        def url(name: str) -> str:
            return f"postgresql+asyncpg://planchette@/{name}?host={folder}"

        async def prepare() -> None:
            await _command(url("postgres"), "CREATE DATABASE migrated")
            await (await Database.open(url("migrated"))).close()

        asyncio.run(prepare())
        yield url


async def _command(url: str, *statements: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "planchette.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server_url(kind: str, request: pytest.FixtureRequest) -> Callable[[str], str] | None:
    """The server, started by the first test that needs one."""
    return request.getfixturevalue("postgres") if kind == "postgresql" else None


@pytest.fixture
async def blank(server_url: Callable[[str], str] | None, path: Path) -> AsyncIterator[str]:
    """The URL of a database without tables."""
    if server_url is None:
        yield f"sqlite:///{path}"
        return
    name = f"blank_{next(_numbers)}"
    await _command(server_url("postgres"), f"CREATE DATABASE {name}")
    yield server_url(name)
    await _command(server_url("postgres"), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def url(server_url: Callable[[str], str] | None, path: Path) -> AsyncIterator[str]:
    """The URL of a database that is ready to be opened, and has nothing in it."""
    if server_url is None:
        yield f"sqlite:///{path}"
        return
    yield server_url("migrated")  # all tests share one: to make a database takes ten times as long as to empty it
    await _command(server_url("migrated"), *(f"DELETE FROM {table}" for table in reversed(metadata.sorted_tables)))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with await Database.open(url) as database:
        yield database


@pytest.fixture
def opened(url: str) -> Iterator[Opened]:
    """For tests that run many examples in one database."""
    with asyncio.Runner() as runner:
        database = runner.run(Database.open(url))
        yield runner, database
        runner.run(database.close())


@pytest.fixture
async def sqlite(path: Path) -> AsyncIterator[Database]:
    """What only SQLite does, or what is the same on both."""
    async with await Database.open(f"sqlite:///{path}") as database:
        yield database


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path / "config" / "vault.key")


@pytest.fixture
async def story(database: Database) -> Story:
    return await database.write(start)
