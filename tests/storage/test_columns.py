from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from storage import audit
from storage.database import Database
from tests.storage.builders import ADA, LOBBY


async def test_time_zone(database: Database) -> None:
    """A moment given in another zone comes back as the same moment in UTC, to the microsecond."""
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    moment = datetime(2026, 1, 1, 3, 30, 0, 123_456, tzinfo=kathmandu)

    await database.write(lambda conn: audit.record(conn, LOBBY, ADA, "look", {}, moment))

    [entry] = await database.read(lambda conn: audit.entries(conn, LOBBY))
    assert entry.at == moment
    assert entry.at.tzinfo is UTC


async def test_no_time_zone(database: Database) -> None:
    """A moment without a zone is a mistake and is not stored."""
    naive = datetime(2026, 1, 1)

    with pytest.raises(StatementError, match="has no time zone"):
        await database.write(lambda conn: audit.record(conn, LOBBY, ADA, "look", {}, naive))

    assert await database.read(lambda conn: audit.entries(conn, LOBBY)) == []
