"""Rounds of a story: candidates, votes, and the unit that a closed round appends.

Everything here that changes something runs inside `Database.write`, where nobody writes at the same time, so that what
a function has just read is still true when it writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import ColumnElement, Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import candidates as candidates_table
from storage.schema import rounds, stories, votes
from storage.schema import units as units_table
from storage.statements import insert, within
from storage.units import UnitRow

TOGETHER: Final = 50  # rounds read at once: about 2 ms in which nothing else runs

RoundState = Literal["open", "closed", "undone", "dropped"]


@dataclass(frozen=True, slots=True)
class Round:
    """A vote on the unit at one position.

    Attributes:
        position: counts units from 0.
        attempt: counts the rounds at this position from 1; an undone or dropped round gives way to the next.
        state: open, closed, undone (its unit was taken back), or dropped (it never closed).
        seed: decides draws.
        deadline: None while the story is paused.
        exact: whether the candidates are surely the likeliest.
        winner: the slot that won.
        reason: why it closed.
        temperature: of the draw that decided it.
        closed: when it stopped being open.
    """

    id: int
    story: int
    position: int
    attempt: int
    state: RoundState
    seed: int
    opened: datetime
    deadline: datetime | None
    exact: bool
    winner: int | None = None
    reason: str | None = None
    temperature: float | None = None
    closed: datetime | None = None


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """Something to vote for.

    Attributes:
        slot: its number in the round.
        logprob: the model's own.
        end: whether it ends the story.
        writer: who wrote it in; None for the model's.
    """

    round: int
    slot: int
    text: str
    token_ids: tuple[int, ...]
    logprob: float | None
    end: bool = False
    writer: str | None = None


@dataclass(frozen=True, slots=True)
class VoteRow:
    """Somebody's vote; `person` is their key, `name` what they were called."""

    round: int
    person: str
    name: str
    slot: int
    at: datetime


class Past(NamedTuple):
    """A round with all that happened in it."""

    round: Round
    candidates: list[CandidateRow]
    votes: list[VoteRow]


async def open_round(
    conn: AsyncConnection,
    story: int,
    position: int,
    seed: int,
    opened: datetime,
    deadline: datetime | None,
    candidates: Iterable[CandidateRow],
    exact: bool,
) -> Round:
    """Opens the next round at a position; the candidates' `round` is filled in here.

    Raises:
        ValueError: the story has ended or has an open round, or the position has its unit.
    """
    state = await conn.scalar(select(stories.c.state).where(stories.c.id == story))
    if state is None or state == "ended":
        raise ValueError(f"story {story} does not run")
    taken = select(units_table.c.round).where(units_table.c.story == story, units_table.c.position == position)
    if await conn.scalar(taken) is not None:
        raise ValueError(f"story {story} has a unit at {position}")
    attempts = select(func.max(rounds.c.attempt)).where(rounds.c.story == story, rounds.c.position == position)
    statement = insert(conn, rounds).values(
        story=story,
        position=position,
        attempt=(await conn.scalar(attempts) or 0) + 1,
        state="open",
        seed=seed,
        opened=opened,
        deadline=deadline,
        exact=exact,
    )
    row = (await conn.execute(statement.on_conflict_do_nothing().returning(rounds))).first()
    if row is None:
        raise ValueError(f"story {story} has an open round")
    if values := [_values(replace(candidate, round=row.id)) for candidate in candidates]:
        await conn.execute(insert(conn, candidates_table), values)
    return _round(row)


async def current(conn: AsyncConnection, story: int) -> Round | None:
    """The open round of a story."""
    row = (await conn.execute(select(rounds).where(rounds.c.story == story, rounds.c.state == "open"))).first()
    return None if row is None else _round(row)


async def round_with(conn: AsyncConnection, round_id: int) -> Past | None:
    """A round with its candidates by slot and its votes in order of time."""
    return next(iter(await _past(conn, rounds.c.id == within(round_id))), None)


async def history(conn: AsyncConnection, story: int) -> list[Past]:
    """Every round that a story ever had, in order, the undone and dropped ones too.

    They come a few at a time: whatever else the program does goes on between.
    """
    told: list[Past] = []
    ids = (await conn.execute(select(rounds.c.id).where(rounds.c.story == story).order_by(rounds.c.id))).scalars().all()
    for first in range(0, len(ids), TOGETHER):
        told += await _past(conn, rounds.c.id.in_(ids[first : first + TOGETHER]))
    return told


async def set_deadline(conn: AsyncConnection, round_id: int, deadline: datetime | None) -> None:
    """Moves the deadline of an open round; None takes it away."""
    await conn.execute(
        update(rounds).where(rounds.c.id == round_id, rounds.c.state == "open").values(deadline=deadline)
    )


async def add_candidate(conn: AsyncConnection, candidate: CandidateRow) -> bool:
    """Adds a write-in. False if the round is over, its slot is taken, or its writer has written one already."""
    if not await _is_open(conn, rounds.c.id == within(candidate.round)):
        return False
    statement = insert(conn, candidates_table).values(_values(candidate)).on_conflict_do_nothing()
    return (await conn.execute(statement.returning(candidates_table.c.slot))).first() is not None


async def cast(conn: AsyncConnection, vote: VoteRow) -> bool:
    """Counts a vote in place of the person's earlier one. False if the round is over or has no such candidate."""
    offered = (candidates_table.c.round == rounds.c.id) & (candidates_table.c.slot == within(vote.slot))
    if not await _is_open(conn, rounds.c.id == within(vote.round), offered):
        return False
    values = {"name": vote.name, "slot": vote.slot, "at": vote.at}
    statement = insert(conn, votes).values(round=vote.round, person=vote.person, **values)
    await conn.execute(statement.on_conflict_do_update(index_elements=[votes.c.round, votes.c.person], set_=values))
    return True


async def close_round(
    conn: AsyncConnection,
    round_id: int,
    winner: int | None,
    reason: str,
    unit: UnitRow | None,
    at: datetime,
    *,
    temperature: float | None = None,
) -> bool:
    """Closes an open round and appends its unit, both or neither; False if it was over already.

    Raises:
        ValueError: the unit is not of this round's story and position.
    """
    statement = update(rounds).where(rounds.c.id == round_id, rounds.c.state == "open")
    closing = statement.values(state="closed", winner=winner, reason=reason, temperature=temperature, closed=at)
    row = (await conn.execute(closing.returning(rounds.c.story, rounds.c.position))).first()
    if row is None:
        return False
    if unit is not None:
        if (unit.story, unit.position, unit.round) != (row.story, row.position, round_id):
            raise ValueError(f"{unit} is not of round {round_id}")
        await conn.execute(insert(conn, units_table).values(_values(unit)))
    return True


async def undo(conn: AsyncConnection, story: int, at: datetime) -> Round | None:
    """Takes the last unit back: its round is undone and the open one is dropped.

    Returns:
        The undone round, whose position is to be voted on again; None, and nothing has changed, without a unit.
    """
    last = select(func.max(units_table.c.position)).where(units_table.c.story == story).scalar_subquery()
    removed = delete(units_table).where(units_table.c.story == story, units_table.c.position == last)
    round_id = await conn.scalar(removed.returning(units_table.c.round))
    if round_id is None:
        return None
    await drop_open(conn, story, at)
    undone = update(rounds).where(rounds.c.id == round_id).values(state="undone").returning(rounds)
    return _round((await conn.execute(undone)).one())


async def drop_open(conn: AsyncConnection, story: int, at: datetime) -> None:
    """Drops the open round of a story, if it has one; its votes stay on record and decide nothing."""
    open_one = update(rounds).where(rounds.c.story == story, rounds.c.state == "open")
    await conn.execute(open_one.values(state="dropped", closed=at))


async def _is_open(conn: AsyncConnection, *conditions: ColumnElement[bool]) -> bool:
    return await conn.scalar(select(rounds.c.id).where(rounds.c.state == "open", *conditions)) is not None


async def _past(conn: AsyncConnection, condition: ColumnElement[bool]) -> list[Past]:
    in_rounds = select(rounds.c.id).where(condition)
    offered: defaultdict[int, list[CandidateRow]] = defaultdict(list)
    of_rounds = select(candidates_table).where(candidates_table.c.round.in_(in_rounds))
    for row in await conn.execute(of_rounds.order_by(candidates_table.c.slot)):
        offered[row.round].append(CandidateRow(**row._mapping))
    counted: defaultdict[int, list[VoteRow]] = defaultdict(list)
    cast_in = select(votes).where(votes.c.round.in_(in_rounds))
    for row in await conn.execute(cast_in.order_by(votes.c.at, votes.c.person)):
        counted[row.round].append(VoteRow(**row._mapping))
    found = await conn.execute(select(rounds).where(condition).order_by(rounds.c.id))
    return [Past(_round(row), offered[row.id], counted[row.id]) for row in found]


def _round(row: Row[Any]) -> Round:
    return Round(**row._mapping)


def _values(row: CandidateRow | UnitRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}
