"""What a place leaves behind when it is gone: stories and games end without a word, and the rest is deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import channel_models
from storage import stories as played
from storage.below import Places
from storage.channel_models import ChannelModel
from storage.schema import consents, games, jobs, logs, names, posts, settings, stories, texts, turns

OPEN: Final = ("asked", "queued", "running")  # states of a training that is not over


async def forget(conn: AsyncConnection, places: Places, at: datetime) -> list[ChannelModel]:
    """Ends what runs at places, of which nothing more is shown, and deletes what was set, said and agreed there.

    Stories and games stay as they are stored, and so does the audit. What was collected is gone with the consents to
    it, trainings are cancelled, and those that are over are forgotten; what has learnt there must not be used any more,
    and what was made there is to be deleted (`channel_models.ORPHAN`).

    Returns:
        The versions of models that have been marked so.
    """
    running = and_(places.hold(stories), stories.c.state != "ended")
    for story in (await conn.execute(select(stories.c.id).where(running))).scalars().all():
        await played.set_state(conn, story, "ended", at)
    shown = or_(games.c.running, games.c.message.is_not(None))
    over = update(games).where(places.hold(games), shown)
    await conn.execute(over.values(running=False, message=None, deadline=None, revision=games.c.revision + 1))
    for table in (settings, texts, turns, posts, names, consents, logs):
        await conn.execute(delete(table).where(places.hold(table)))
    await conn.execute(delete(posts).where(places.hold(posts, "thread")))
    unfinished = and_(places.hold(jobs), jobs.c.state.in_(OPEN))
    await conn.execute(delete(jobs).where(places.hold(jobs), jobs.c.state.not_in(OPEN)))
    await conn.execute(update(jobs).where(unfinished).values(state="cancelled", ended=at))
    await channel_models.orphan(conn, places)
    return await channel_models.taint_at(conn, places, at)
