"""Trainings wait while somebody is written for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from generators.training.job_directory import JobDirectory
from generators.training.yielding import give_way


class Wanted:
    """Whether a text is being written, and how often that was asked."""

    def __init__(self) -> None:
        self.now = True
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.now

    async def looks(self, more: int) -> None:
        """Returns once it was asked some more times."""
        until = self.asked + more
        async with asyncio.timeout(60):
            while self.asked < until:  # noqa: ASYNC110 -- no event comes from there
                await asyncio.sleep(0.01)


@asynccontextmanager
async def yielding(path: Path, wanted: Wanted) -> AsyncIterator[JobDirectory]:
    directory = JobDirectory(path)
    task = asyncio.create_task(give_way(lambda: [directory], wanted))
    yield directory
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_asked_once(tmp_path: Path) -> None:
    """A training is asked again only before what it was asked holds no more, and not at every look."""
    wanted = Wanted()
    async with yielding(tmp_path, wanted) as directory:
        await wanted.looks(2)
        first = directory.waiting.stat().st_mtime_ns

        await wanted.looks(4)

        assert directory.waiting.stat().st_mtime_ns == first


async def test_goes_on(tmp_path: Path) -> None:
    """It goes on as soon as nobody is written for."""
    wanted = Wanted()
    async with yielding(tmp_path, wanted) as directory:
        await wanted.looks(2)
        asked = directory.is_asked_to_wait()

        wanted.now = False
        await wanted.looks(2)

        assert asked
        assert not directory.waiting.exists()
