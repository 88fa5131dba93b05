"""What a place leaves behind when it is gone: stories and games end without a word, and the rest is deleted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import stories as played
from storage.below import Places
from storage.schema import games, settings, stories, texts, turns


async def forget(conn: AsyncConnection, places: Places, at: datetime) -> None:
    """Ends what runs at places, of which nothing more is shown, and deletes their settings, last texts and talk.

    Stories and games stay as they are stored, and so does the audit.
    """
    running = and_(places.hold(stories), stories.c.state != "ended")
    for story in (await conn.execute(select(stories.c.id).where(running))).scalars().all():
        await played.set_state(conn, story, "ended", at)
    shown = or_(games.c.running, games.c.message.is_not(None))
    over = update(games).where(places.hold(games), shown)
    await conn.execute(over.values(running=False, message=None, deadline=None, revision=games.c.revision + 1))
    for table in (settings, texts, turns):
        await conn.execute(delete(table).where(places.hold(table)))
