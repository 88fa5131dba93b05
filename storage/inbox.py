"""What came in from outside, stored before it is confirmed there, so that it is dealt with once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import inbox
from storage.statements import insert

NOTE: Final = "\0note"  # among the payload's keys; no platform calls one like this


@dataclass(frozen=True, slots=True)
class InboxItem:
    """Something that is to be dealt with.

    Attributes:
        id: ours; what it leads to is stored with it as its origin.
        update: the platform's own id.
        payload: what is needed to deal with it.
        at: when it came in.
        note: how far that has come.
        open: whether it is still to be done; the payload and the note of what is done are forgotten.
    """

    id: int
    update: str
    payload: dict[str, Any]
    at: datetime
    note: dict[str, Any] = field(default_factory=dict)
    open: bool = True


async def receive(
    conn: AsyncConnection, platform: str, update: str | int, payload: dict[str, Any], at: datetime
) -> int | None:
    """Stores an update; its id here, or None if it had come in before."""
    statement = (
        insert(conn, inbox)
        .values(platform=platform, update_id=str(update), payload=payload, at=at, open=True)
        .on_conflict_do_nothing(index_elements=[inbox.c.platform, inbox.c.update_id])
        .returning(inbox.c.id)
    )
    item: int | None = await conn.scalar(statement)
    return item


async def pending(conn: AsyncConnection, platform: str) -> list[InboxItem]:
    """What came in from a platform and is not done, oldest first."""
    statement = select(inbox).where(inbox.c.platform == platform, inbox.c.open).order_by(inbox.c.id)
    return [_item(row) for row in await conn.execute(statement)]


async def get(conn: AsyncConnection, item: int) -> InboxItem | None:
    """What came in under this id, done or not."""
    row = (await conn.execute(select(inbox).where(inbox.c.id == item))).first()
    return None if row is None else _item(row)


async def note(conn: AsyncConnection, item: int, facts: dict[str, Any]) -> bool:
    """Keeps how far an open item has come, in the transaction of what it has led to. False if it is done."""
    payload = await conn.scalar(select(inbox.c.payload).where(inbox.c.id == item, inbox.c.open))
    if payload is None:
        return False
    await conn.execute(update(inbox).where(inbox.c.id == item).values(payload={**payload, NOTE: facts}))
    return True


async def done(conn: AsyncConnection, item: int) -> bool:
    """Notes that an item is dealt with, in the transaction of what it led to. False if it was done before.

    Its payload is forgotten; its key stays, so that it is known when it comes again.
    """
    statement = update(inbox).where(inbox.c.id == item, inbox.c.open).values(open=False, payload={})
    return (await conn.execute(statement.returning(inbox.c.id))).first() is not None


async def is_new(conn: AsyncConnection, item: int | None) -> bool:
    """Whether what came in is dealt with for the first time, as it is from now on; what is no item always is."""
    return item is None or await done(conn, item)


async def clear(conn: AsyncConnection, before: datetime) -> int:
    """Deletes what is done and came in before a moment; how many. A platform delivers again for a day at most."""
    deleted = await conn.execute(delete(inbox).where(inbox.c.at < before, ~inbox.c.open).returning(inbox.c.id))
    return len(deleted.all())


def _item(row: Row[Any]) -> InboxItem:
    payload = {key: value for key, value in row.payload.items() if key != NOTE}
    return InboxItem(row.id, row.update_id, payload, row.at, row.payload.get(NOTE, {}), row.open)
