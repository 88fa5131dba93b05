"""What the two dialects say alike but SQLAlchemy imports apart."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

LARGEST: Final = 2**63 - 1  # what an integer column holds on both; drivers refuse more with an exception


def insert(conn: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert with `on_conflict_do_…`, which is the dialect's own."""
    return postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)


def within(number: int) -> int:
    """The number, or the nearest that a column holds: an id from outside may be any, and is then simply not found."""
    return max(-LARGEST, min(number, LARGEST))
