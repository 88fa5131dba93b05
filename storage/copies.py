"""Which messages of a platform are kept, without what they say: to be compared with those that stand there still."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import posts

SOURCES: Final = ("channel_log", "import")  # of what stands on a platform; texts that are given do not
PAGE: Final = 100


class Copy(NamedTuple):
    """A message that is kept.

    Attributes:
        id: of its row.
        message: its id on the platform, or one that an export made up.
        thread: the key of where it was written, if that is not the channel itself.
        at: when it was written.
        edited: when it was last changed, as far as is known.
    """

    id: int
    message: str
    thread: str | None
    at: datetime
    edited: datetime | None


async def page(conn: AsyncConnection, place: str, before: Copy | None, limit: int = PAGE) -> list[Copy]:
    """Some messages of a place that are kept, the newest first.

    Args:
        before: the last of the page before; None for the first page.
    """
    columns = (posts.c[name] for name in Copy._fields)
    statement = select(*columns).where(posts.c.place == place, posts.c.source.in_(SOURCES))
    if before is not None:
        earlier = or_(posts.c.at < before.at, and_(posts.c.at == before.at, posts.c.id < before.id))
        statement = statement.where(posts.c.at <= before.at, earlier)
    rows = await conn.execute(statement.order_by(posts.c.at.desc(), posts.c.id.desc()).limit(limit))
    return [Copy(*row) for row in rows]
