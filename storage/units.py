"""What a story's closed rounds have appended to it, in order; `storage.rounds` appends and takes back."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import units


@dataclass(frozen=True, slots=True)
class UnitRow:
    """What a closed round has appended to its story."""

    story: int
    position: int
    round: int
    text: str
    token_ids: tuple[int, ...]


async def every(conn: AsyncConnection, story: int) -> list[UnitRow]:
    """All that has been appended to a story, in order; a long story takes a while."""
    statement = select(units).where(units.c.story == story).order_by(units.c.position)
    return [UnitRow(**row._mapping) for row in await conn.execute(statement)]


async def newest(conn: AsyncConnection, story: int) -> UnitRow | None:
    """The last unit of a story."""
    statement = select(units).where(units.c.story == story).order_by(units.c.position.desc()).limit(1)
    row = (await conn.execute(statement)).first()
    return None if row is None else UnitRow(**row._mapping)


async def ending(conn: AsyncConnection, story: int, count: int) -> str:
    """The text of the last `count` units."""
    statement = select(units.c.text).where(units.c.story == story).order_by(units.c.position.desc()).limit(count)
    return "".join(reversed((await conn.execute(statement)).scalars().all()))
