"""Trainings as they are remembered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

from storage import jobs
from storage.database import Database
from storage.jobs import Job
from tests.storage.builders import ADA, LOBBY, after


def asked(number: int, **changes: Any) -> Job:
    job = Job(f"{number:012x}", LOBBY, "web:house", ADA, "queued", {"epochs": 3}, "en", after(number))
    return replace(job, **changes)


async def test_round_trip(database: Database) -> None:
    """A training comes back as it was kept, by its id; another id is none."""
    job = asked(1, facts={"bits": 1.5}, message="m9", started=after(2), ended=after(3), guild=None, state="done")

    await database.write(partial(jobs.add, job=job))

    assert await database.read(partial(jobs.get, id=job.id)) == job
    assert await database.read(partial(jobs.get, id="0")) is None


async def test_changed_from_a_state(database: Database) -> None:
    """A training is changed only from the states that are named; of many at once, one does it."""
    await database.write(partial(jobs.add, job=asked(1)))
    start = partial(jobs.change, id=asked(1).id, from_states=["queued"], state="running", started=after(5))

    won = await asyncio.gather(*(database.write(start) for _ in range(10)))
    late = await database.write(partial(jobs.change, id=asked(1).id, from_states=["asked"], state="cancelled"))

    assert (sum(won), late) == (1, False)
    assert await database.read(partial(jobs.get, id=asked(1).id)) == asked(1, state="running", started=after(5))


async def test_open_ones(database: Database) -> None:
    """Those that wait or run are listed in the order in which they were asked for, those of a place newest first."""
    states = ["done", "running", "asked", "queued", "failed", "cancelled", "queued"]
    for number, state in enumerate(states):
        await database.write(partial(jobs.add, job=asked(number, state=state)))
    await database.write(partial(jobs.add, job=asked(9, place="web:cellar", state="done")))

    waiting = await database.read(jobs.open_jobs)
    here = await database.read(partial(jobs.of_place, place=LOBBY, limit=3))

    assert [job.id for job in waiting] == [asked(number).id for number in (1, 3, 6)]
    assert [job.id for job in here] == [asked(number).id for number in (6, 5, 4)]
