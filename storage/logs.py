"""Places whose messages are collected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import logs
from storage.statements import insert


@dataclass(frozen=True, slots=True)
class Log:
    """Whether a place's messages are collected.

    Attributes:
        place: the channel's key.
        guild: the key of the server that the channel belongs to.
        on: whether they are.
        since: when it was last turned on; what was said before is not collected.
        by: who turned it on or off.
        permission: the platform's own permission that was recorded for an import.
        history: where the reading of what was said earlier stands; None where it has not begun.
    """

    place: str
    guild: str | None
    on: bool
    since: datetime
    by: str
    permission: str | None = None
    history: dict[str, Any] | None = None


COLUMNS: Final = tuple(logs.c[name] for name in Log.__dataclass_fields__)


async def turn(conn: AsyncConnection, log: Log) -> None:
    """Stores how a log is now, in place of how it was."""
    values = {name: getattr(log, name) for name in Log.__dataclass_fields__}
    changed = {name: value for name, value in values.items() if name != "place"}
    statement = insert(conn, logs).values(**values)
    await conn.execute(statement.on_conflict_do_update(index_elements=[logs.c.place], set_=changed))


async def remove(conn: AsyncConnection, place: str) -> None:
    """Forgets a log that was recorded in error."""
    await conn.execute(delete(logs).where(logs.c.place == place))


async def get(conn: AsyncConnection, place: str) -> Log | None:
    """The log of a place; None where none was ever turned on."""
    row = (await conn.execute(select(*COLUMNS).where(logs.c.place == place))).first()
    return None if row is None else Log(*row)


async def all_on(conn: AsyncConnection) -> list[Log]:
    """The logs that are on."""
    return [Log(*row) for row in await conn.execute(select(*COLUMNS).where(logs.c.on).order_by(logs.c.place))]


async def keep_history(conn: AsyncConnection, place: str, history: dict[str, Any] | None) -> None:
    """Notes where the reading of what was said earlier stands."""
    await conn.execute(update(logs).where(logs.c.place == place).values(history=history))
