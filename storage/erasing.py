"""What else is stored of a person, besides what they gave to be learnt from: deleted, or left without saying whose."""

from __future__ import annotations

import secrets
from typing import Any, Final

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.jobs import OPEN
from storage.schema import candidates, games, jobs, learners, messages, players, rounds, stories, turns, votes

NOBODY: Final = "gone"  # the platform of whom nobody knows any more; two of them stay apart by their numbers
NAME: Final = "name"  # in a game's state, beside the key of the person who is called so


async def erase(conn: AsyncConnection, person: str) -> None:
    """Deletes what a person said to the bot and in its rooms, and their votes in rounds that are open.

    What others have played on with stays, by nobody: stories, votes that were counted, games that are over. So do the
    acts of admins in the audit.
    """
    nobody = f"{NOBODY}:{secrets.token_hex(6)}"
    await conn.execute(delete(turns).where(turns.c.person == person))
    await conn.execute(delete(messages).where(or_(messages.c.person == person, messages.c.private_for == person)))
    await conn.execute(delete(learners).where(learners.c.person == person))
    await conn.execute(delete(players).where(players.c.person == person))
    still_open = select(rounds.c.id).where(rounds.c.state == "open")
    await conn.execute(delete(votes).where(votes.c.person == person, votes.c.round.in_(still_open)))
    await conn.execute(update(votes).where(votes.c.person == person).values(person=nobody, name=""))
    await conn.execute(update(candidates).where(candidates.c.writer == person).values(writer=nobody))
    await conn.execute(update(stories).where(stories.c.started_by == person).values(started_by=nobody))
    await conn.execute(update(jobs).where(jobs.c.person == person).values(person=nobody))
    await _from_trainings(conn, person, nobody)
    await _from_games(conn, person, nobody)


async def _from_trainings(conn: AsyncConnection, person: str, nobody: str) -> None:
    """Those that wait or run need to know whose text they read, until they begin anew without it."""
    over = await conn.execute(select(jobs.c.id, jobs.c.facts).where(jobs.c.state.not_in(OPEN)))
    for id_, facts in over.all():
        anonymous = _without(facts, person, nobody)
        if anonymous != facts:
            await conn.execute(update(jobs).where(jobs.c.id == id_).values(facts=anonymous))


async def _from_games(conn: AsyncConnection, person: str, nobody: str) -> None:
    """Those that run need to know whose turn it is; they forget with the next request after their end."""
    over = await conn.execute(select(games.c.id, games.c.state).where(~games.c.running))
    for id_, state in over.all():
        anonymous = _without(state, person, nobody)
        if anonymous != state:
            await conn.execute(update(games).where(games.c.id == id_).values(state=anonymous))


def _without(value: Any, person: str, nobody: str) -> Any:
    """A JSON value that names nobody where it named the person; their name stands behind their key."""
    match value:
        case dict():
            plain = {name: _without(item, person, nobody) for name, item in value.items()}
            return plain | {NAME: ""} if NAME in plain and person in value.values() else plain
        case list():
            plain_items = [_without(item, person, nobody) for item in value]
            for key, (place, item) in zip(value, enumerate(value[1:], 1), strict=False):
                if key == person and isinstance(item, str) and not item.startswith(_platform(person)):
                    plain_items[place] = ""
            return plain_items
    return nobody if value == person else value


def _platform(person: str) -> str:
    return person.partition(":")[0] + ":"
