"""A database with a log that is on, and people who agree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.consent.ledger import Ledger, ledger_of
from bot.consent.wording import LOG, Wording
from bot.corpora.reading import RightsOf
from storage import consents, logs, posts
from storage.consents import Consent
from storage.database import Database
from storage.logs import Log
from storage.posts import Post
from storage.vault import Vault

PLACE: Final = "web:den"
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
NOW: Final = START + timedelta(days=30)
ADA, BOB, EVE = "web:Ada", "web:Bob", "web:Eve"
KEY: Final = bytes(range(32))

Keep = Callable[[Sequence[Post]], Awaitable[None]]


def post(number: int, text: str, person: str = ADA, *, minutes: float | None = None, **values: object) -> Post:
    at = START + timedelta(minutes=number if minutes is None else minutes)
    facts = {"guild": None, "source": "channel_log", "message": str(number), "place": PLACE, **values}
    return Post(person=person, at=at, text=text, **facts)  # type: ignore[arg-type]


@pytest.fixture
def vault() -> Vault:
    return Vault.of("a key for these tests")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """With a log that is on since `START`, and the consent of Ada and Bob since then."""
    async with await Database.open(f"sqlite:///{tmp_path / 'planchette.db'}") as database:
        await database.write(_prepared)
        yield database


async def _prepared(conn: AsyncConnection) -> None:
    await logs.turn(conn, Log(PLACE, None, True, START, ADA))
    for person in (ADA, BOB):
        await consents.grant(conn, Consent(person, PLACE, None, Wording(LOG, 365).number, START))


@pytest.fixture
def keep(database: Database, vault: Vault) -> Keep:
    async def kept(given: Sequence[Post]) -> None:
        await database.write(partial(posts.add, vault=vault, given=given))

    return kept


@pytest.fixture
def rights_of() -> RightsOf:
    async def read(conn: AsyncConnection, place: str) -> Ledger:
        return await ledger_of(conn, place, None, NOW)

    return read
