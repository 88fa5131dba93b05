"""How people are called in a place, so that their names can be taken out of what is learnt there."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import players, stories


async def names_of_players(conn: AsyncConnection, place: str) -> set[str]:
    """The names of all who have played in a channel or its threads, as they were shown."""
    platform, _, channel = place.partition(":")
    threads = and_(stories.c.channel == channel, stories.c.place.startswith(f"{platform}:", autoescape=True))
    here = or_(stories.c.place == place, threads)
    statement = select(players.c.name).distinct().join(stories, stories.c.id == players.c.story).where(here)
    return set((await conn.execute(statement)).scalars())


def names_in(people: Iterable[str]) -> set[str]:
    """The ids of people that are names, as in the room and the terminal; `Person.key` of each."""
    ids = (person.partition(":")[2] for person in people)
    return {id_ for id_ in ids if not id_.isdecimal()}
