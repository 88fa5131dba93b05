"""Stories that those who wrote them gave to be learnt from: each gives it, and it is there once all have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import posts as stored
from storage import units
from storage.posts import Post
from storage.schema import candidates, posts, rounds
from storage.stories import Story
from storage.vault import Vault

KIND = stored.STORY


async def writers_of(conn: AsyncConnection, story: Story) -> frozenset[str]:
    """Whoever began a story, and all whose own words are in it; who only voted chose words of the model's."""
    won = and_(candidates.c.round == rounds.c.id, candidates.c.slot == rounds.c.winner)
    statement = select(candidates.c.writer).select_from(rounds).join(candidates, won)
    written = statement.where(rounds.c.story == story.id, rounds.c.state == "closed", candidates.c.writer.is_not(None))
    return frozenset({story.started_by, *(await conn.execute(written.distinct())).scalars()})


def messages_of(story: int, writers: Iterable[str]) -> dict[str, str]:
    """Under which ids a story is kept: one of each writer's."""
    return {writer: f"{_beginning(story)}{writer}" for writer in writers}


async def give(conn: AsyncConnection, vault: Vault, story: Story, given: Post, at: datetime) -> frozenset[str]:
    """Keeps that a writer gives a story; its text comes in when all of them have.

    Args:
        given: the writer's, without a text.

    Returns:
        Those who have not given it yet.
    """
    messages = messages_of(story.id, await writers_of(conn, story))
    await stored.add(conn, vault, [given])
    missing = [
        writer for writer, message in messages.items() if await stored.written(conn, given.place, message) is None
    ]
    if not missing:
        text = story.title_text + "".join(unit.text for unit in await units.every(conn, story.id))
        for message in messages.values():
            await stored.change(conn, vault, given.place, message, text, at)
    return frozenset(missing)


async def take_back(conn: AsyncConnection, person: str, place: str | None) -> int:
    """Deletes the stories that a person gave at a place, or everywhere: also for the others, whose text it is in.

    Returns:
        How many stories there were.
    """
    here = () if place is None else (posts.c.place == place,)
    statement = select(posts.c.place, posts.c.message).where(posts.c.person == person, posts.c.kind == KIND, *here)
    given = (await conn.execute(statement)).all()
    for where, message in given:
        await stored.delete_story(conn, where, message)
    return len(given)


def _beginning(story: int) -> str:
    return f"{KIND}:{story}:"
