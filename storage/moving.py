"""A place gets another id, as a group that has become a supergroup does: all that is stored of it moves along."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, and_, delete, func, literal, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import consents as agreed
from storage import stories as played
from storage.below import Places
from storage.jobs import OPEN
from storage.schema import (
    audit,
    channel_models,
    consents,
    games,
    inbox,
    jobs,
    learners,
    logs,
    names,
    posts,
    settings,
    stories,
    texts,
    turns,
)
from storage.statements import insert

MESSAGE: Final = "message"  # in what a text remembers: where it was posted
PEOPLE: Final = "people"  # in the facts of a training: whose text it learns from, persons each with a place


async def move(conn: AsyncConnection, platform: str, old: str, new: str, at: datetime) -> None:
    """Moves a place, and the topics whose ids begin with its own and a colon.

    Where there is something at the new place already, what runs there ends if the same runs at the old one, and
    settings and last texts stay as they are, filled in from the old one. Messages are numbered anew in the new place:
    what named one of the old place names none any more.
    """
    before, after = f"{platform}:{old}", f"{platform}:{new}"
    if before == after:
        return
    places = Places(frozenset({before}), (f"{before}:",))
    await _make_way(conn, places, before, after, at)
    for table, numbered in ((turns, true()), (posts, posts.c.source != "submission")):  # whose ids are ours
        unlike = {name: literal(f"{before}/") + table.c[name] for name in ("message", "reply_to")}
        await conn.execute(update(table).where(places.hold(table), numbered).values(unlike))
    for table in (settings, texts, logs, learners, names):
        await _fill_in(conn, table, places, before, after)
    await _close_doubles(conn, places, before, after, at)
    for table in (stories, games, jobs):
        await conn.execute(update(table).where(places.hold(table)).values(message=None))
    named = [(table, "place") for table in (stories, games, turns, audit, posts, consents, jobs, channel_models)]
    for table, column in (*named, (posts, "thread")):
        moved = literal(after) + func.substr(table.c[column], len(before) + 1)
        await conn.execute(update(table).where(places.hold(table, column)).values({column: moved}))
    await _name_anew(conn, before, after)
    for table in (stories, games):
        here = table.c.place.startswith(f"{platform}:", autoescape=True)
        await conn.execute(update(table).where(here, table.c.channel == old).values(channel=new))
    await _address_anew(conn, platform, old, new)


async def _make_way(conn: AsyncConnection, places: Places, before: str, after: str, at: datetime) -> None:
    """Ends what runs at the new place where the same runs at the old one; an end that nobody saw is left at that."""
    statement = select(stories.c.place).where(places.hold(stories), stories.c.state != "ended")
    for place in (await conn.execute(statement)).scalars().all():
        if (other := await played.running(conn, after + place.removeprefix(before))) is not None:
            await played.set_state(conn, other.id, "ended", at)
    running = select(games.c.place, games.c.kind).where(places.hold(games), games.c.running)
    for place, kind in (await conn.execute(running)).all():
        same = and_(games.c.place == after + place.removeprefix(before), games.c.kind == kind)
        await conn.execute(update(games).where(same, games.c.running).values(running=False, message=None))


async def _close_doubles(conn: AsyncConnection, places: Places, before: str, after: str, at: datetime) -> None:
    """Closes consents of people who agreed at the new place too: what they agreed to there is what counts."""
    statement = select(consents.c.id, consents.c.person, consents.c.place)
    for row in (await conn.execute(statement.where(places.hold(consents), consents.c.withdrawn.is_(None)))).all():
        if await agreed.open_at(conn, row.person, after + row.place.removeprefix(before)) is not None:
            await conn.execute(update(consents).where(consents.c.id == row.id).values(withdrawn=at))


async def _fill_in(conn: AsyncConnection, table: Table, places: Places, before: str, after: str) -> None:
    """Moves rows whose key is free at the new place, and drops the others."""
    for row in (await conn.execute(select(table).where(places.hold(table)))).mappings().all():
        values = {**row, "place": after + row["place"].removeprefix(before)}
        if "request" in values:
            values["request"] = {name: value for name, value in row["request"].items() if name != MESSAGE}
        await conn.execute(insert(conn, table).values(values).on_conflict_do_nothing())
    await conn.execute(delete(table).where(places.hold(table)))


async def _name_anew(conn: AsyncConnection, before: str, after: str) -> None:
    """Says in what open trainings know, wherever they are, at which place people gave their text: at the new one."""
    statement = select(jobs.c.id, jobs.c.facts).where(jobs.c.state.in_(OPEN))
    for job, facts in (await conn.execute(statement)).all():
        known = [tuple(pair) for pair in facts.get(PEOPLE, ())]
        people = [(person, _moved(place, before, after)) for person, place in known]
        if people != known:
            await conn.execute(update(jobs).where(jobs.c.id == job).values(facts={**facts, PEOPLE: people}))


def _moved(place: str, before: str, after: str) -> str:
    """The key of a place after the move, which is another one where it moved itself or is a topic of what did."""
    return after + place.removeprefix(before) if place == before or place.startswith(f"{before}:") else place


async def _address_anew(conn: AsyncConnection, platform: str, old: str, new: str) -> None:
    """What came in from the old place and is still to be done is done in the new one.

    Payloads are the platform's own; the id of a place that can move means nothing else in them.
    """
    statement = select(inbox.c.id, inbox.c.payload).where(inbox.c.platform == platform, inbox.c.open)
    for item, payload in (await conn.execute(statement)).all():
        addressed = _replaced(payload, old, new)
        if addressed != payload:
            await conn.execute(update(inbox).where(inbox.c.id == item).values(payload=addressed))


def _replaced(value: Any, old: str, new: str) -> Any:
    match value:
        case dict():
            return {name: _replaced(each, old, new) for name, each in value.items()}
        case list():
            return [_replaced(each, old, new) for each in value]
        case bool():
            return value
        case str() | int() if str(value) == old:
            return type(value)(new)
    return value
