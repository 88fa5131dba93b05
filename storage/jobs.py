"""Trainings: asked for, waiting, running and over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import jobs

OPEN: Final = ("queued", "running")


@dataclass(frozen=True, slots=True)
class Job:
    """A training.

    Attributes:
        id: 12 hexadecimal digits.
        place: the key of the channel that it is for.
        guild: the key of the server that the channel belongs to.
        person: the key of who asked for it; once it is queued, of who began it.
        state: `asked`, `queued`, `running`, `done`, `failed` or `cancelled`.
        options: what was asked for, as JSON.
        language: of its messages.
        asked: when.
        facts: what is known of it, as JSON.
        message: the one that shows it.
        started: when it began to run.
        ended: when it was over.
    """

    id: str
    place: str
    guild: str | None
    person: str
    state: str
    options: dict[str, Any]
    language: str
    asked: datetime
    facts: dict[str, Any] = field(default_factory=dict)
    message: str | None = None
    started: datetime | None = None
    ended: datetime | None = None


COLUMNS: Final = tuple(jobs.c[name] for name in Job.__dataclass_fields__)


async def add(conn: AsyncConnection, job: Job) -> None:
    """Keeps a training."""
    await conn.execute(insert(jobs).values(**{name: getattr(job, name) for name in Job.__dataclass_fields__}))


async def get(conn: AsyncConnection, id: str) -> Job | None:  # noqa: A002
    """A training by its id."""
    row = (await conn.execute(select(*COLUMNS).where(jobs.c.id == id))).first()
    return None if row is None else Job(*row)


async def change(conn: AsyncConnection, id: str, from_states: Collection[str], **values: Any) -> bool:  # noqa: A002
    """Changes a training that is in one of some states; False, and nothing is changed, where it is not."""
    statement = update(jobs).where(jobs.c.id == id, jobs.c.state.in_(list(from_states))).values(**values)
    return (await conn.execute(statement.returning(jobs.c.id))).first() is not None


async def open_jobs(conn: AsyncConnection) -> list[Job]:
    """The trainings that wait or run, in the order in which they were asked for."""
    statement = select(*COLUMNS).where(jobs.c.state.in_(OPEN)).order_by(jobs.c.asked, jobs.c.id)
    return [Job(*row) for row in await conn.execute(statement)]


async def clear(conn: AsyncConnection, before: datetime) -> int:
    """Forgets trainings that were over, or asked for and never begun, before a moment; how many there were."""
    last = func.coalesce(jobs.c.ended, jobs.c.asked)
    return (await conn.execute(delete(jobs).where(jobs.c.state.not_in(OPEN), last < before))).rowcount


async def of_place(conn: AsyncConnection, place: str, limit: int = 10) -> list[Job]:
    """The newest trainings for a place, newest first."""
    statement = select(*COLUMNS).where(jobs.c.place == place).order_by(jobs.c.asked.desc(), jobs.c.id).limit(limit)
    return [Job(*row) for row in await conn.execute(statement)]
