"""Who changed what, and when: every act of an admin leaves a line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import audit


@dataclass(frozen=True, slots=True)
class Entry:
    """An act.

    Attributes:
        place: where it holds.
        person: who did it.
        action: what it was, as a short name.
        facts: what was chosen, as JSON has it.
        at: when.
    """

    id: int
    place: str
    person: str
    action: str
    facts: dict[str, Any]
    at: datetime


async def record(
    conn: AsyncConnection, place: str, person: str, action: str, facts: dict[str, Any], at: datetime
) -> None:
    """Notes an act, in the transaction of the act itself."""
    await conn.execute(insert(audit).values(place=place, person=person, action=action, facts=facts, at=at))


async def entries(conn: AsyncConnection, place: str, limit: int = 100) -> list[Entry]:
    """The newest acts at a place, newest first."""
    columns = [audit.c[name] for name in Entry.__dataclass_fields__]
    statement = select(*columns).where(audit.c.place == place).order_by(audit.c.id.desc()).limit(limit)
    return [Entry(*row) for row in await conn.execute(statement)]
