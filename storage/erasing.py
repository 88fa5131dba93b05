"""What else is stored of a person, besides what they gave to be learnt from: deleted, or left without saying whose."""

from __future__ import annotations

import json
import secrets
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, Text, delete, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import rooms
from storage.jobs import OPEN
from storage.schema import candidates, games, jobs, learners, logs, players, rounds, stories, turns, votes

NOBODY: Final = "gone"  # the platform of whom nobody knows any more; two of them stay apart by their numbers
BATCH: Final = 100  # games or trainings that are in memory at a time
NAME: Final = "name"  # in a game's state, beside the key of the person who is called so


async def erase(conn: AsyncConnection, person: str) -> None:
    """Deletes what a person said to the bot and in its rooms, and their votes in rounds that are open.

    What others have played on with stays, by nobody: stories, votes that were counted, games that are over. So do the
    acts of admins in the audit.
    """
    nobody = f"{NOBODY}:{secrets.token_hex(6)}"
    await conn.execute(delete(turns).where(turns.c.person == person))
    await rooms.delete_of(conn, person)
    await conn.execute(delete(learners).where(learners.c.person == person))
    await conn.execute(delete(players).where(players.c.person == person))
    still_open = select(rounds.c.id).where(rounds.c.state == "open")
    await conn.execute(delete(votes).where(votes.c.person == person, votes.c.round.in_(still_open)))
    await conn.execute(update(votes).where(votes.c.person == person).values(person=nobody, name=""))
    await conn.execute(update(candidates).where(candidates.c.writer == person).values(writer=nobody))
    await conn.execute(update(stories).where(stories.c.started_by == person).values(started_by=nobody))
    await conn.execute(update(jobs).where(jobs.c.person == person).values(person=nobody))
    await conn.execute(update(logs).where(logs.c.by == person).values(by=nobody))
    # trainings that wait or run need to know whose text they read, until they begin anew without it
    await _from_json(conn, jobs, "facts", jobs.c.state.not_in(OPEN), person, nobody)
    # games that run need to know whose turn it is; they forget with the next request after their end
    await _from_json(conn, games, "state", ~games.c.running, person, nobody)


async def _from_json(
    conn: AsyncConnection, table: Table, column: str, over: ColumnElement[bool], person: str, nobody: str
) -> None:
    """Names nobody where rows name the person, which the database looks for, however many there are."""
    written = json.dumps(person)  # as `columns.Json` writes it
    named = type_coerce(table.c[column], Text).contains(written, autoescape=True)
    statement = select(table.c.id, table.c[column]).where(over, named).order_by(table.c.id).limit(BATCH)
    rows = (await conn.execute(statement)).all()
    while rows:
        for id_, value in rows:
            anonymous = _without(value, person, nobody)
            await conn.execute(update(table).where(table.c.id == id_).values({column: anonymous}))
        rows = (await conn.execute(statement.where(table.c.id > rows[-1][0]))).all()


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
