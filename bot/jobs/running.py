"""The trainings that run: each is followed until it is over, and what is left of others is cleared away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from bot.conversation import Place
from bot.home import Home
from bot.jobs.carrying import Carrying
from bot.jobs.drafting import CHANNEL
from bot.jobs.ending import end
from bot.jobs.whereabouts import place_of
from generators.training.job_directory import JobDirectory
from generators.training.runner import Runner
from generators.training.yielding import give_way
from storage import channel_models, jobs
from storage.jobs import Job

if TYPE_CHECKING:
    from bot.app import Bot

AGAIN: Final = 30.0  # seconds until a training is taken up again that could not even be ended: a database that is full

log = structlog.get_logger(__name__)


class Running:
    """What is done for trainings now.

    Args:
        bot: everything there is.
        runner_of: carries out trainings from a base.
        over: is awaited when one is over.
    """

    def __init__(self, bot: Bot, runner_of: Callable[[str], Runner], over: Callable[[], Awaitable[None]]) -> None:
        self._bot = bot
        self._home = Home(bot.configuration.home).jobs
        self._runner_of = runner_of
        self._over = over
        self._carried: dict[str, Carrying] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: set[str] = set()
        self._ends: set[asyncio.Task[None]] = set()  # of them, and of looking for others after that
        self._yielding: asyncio.Task[None] | None = None

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._tasks

    def __iter__(self) -> Iterator[str]:
        """Their ids."""
        return iter(list(self._tasks))

    @property
    def ending(self) -> Collection[str]:
        """Ids of those that are followed no longer, and have not ended yet."""
        return self._ending

    def of(self, job: Job) -> Carrying:
        """A training as it is followed, or as it would be."""
        return self._carried.get(job.id) or self._carrying(job)

    def take_up(self, job: Job) -> None:
        """Carries a training on from wherever it is."""
        carried = self._carried[job.id] = self._carrying(job)
        self._tasks[job.id] = asyncio.create_task(self._carry(job.id, carried), name=f"training {job.id}")
        if self._yielding is None:
            running = lambda: [self._directory(each) for each in self._carried]  # noqa: E731
            self._yielding = asyncio.create_task(give_way(running, lambda: bool(self._bot.texts_in_hand)))

    async def let_go(self, job_id: str) -> None:
        """Follows a training no longer, which goes on by itself."""
        task = self._tasks.pop(job_id, None)
        self._carried.pop(job_id, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def drop(self, job_id: str) -> None:
        """Follows a training no longer; whatever is done for it ends beside all else, and what it has is deleted."""
        await self.let_go(job_id)
        if job_id not in self._ending:
            self._ending.add(job_id)
            task = asyncio.create_task(self._end(job_id), name=f"end of training {job_id}")
            self._ends.add(task)
            task.add_done_callback(self._ends.discard)

    async def leave(self, places: Callable[[Place], bool]) -> None:
        """Lets go of the trainings of some places."""
        for job_id in [job_id for job_id, carried in self._carried.items() if places(carried.place)]:
            await self.let_go(job_id)

    async def clear(self) -> None:
        """Drops what is left of trainings that were cancelled, forgotten, or over when the bot ended."""
        left = {*self, *await asyncio.to_thread(lambda: [path.name for path in self._home.iterdir() if path.is_dir()])}
        found = await self._bot.database.read(jobs.open_jobs)
        known = {job.id for job in found if self._bot.share.may_have(place_of(job))}  # others begin theirs anew
        for job_id in left - known:
            if job_id in self or await self._is_a_channels(job_id):
                await self.drop(job_id)

    async def settled(self) -> None:
        """Returns once nothing runs."""
        while tasks := (*self._tasks.values(), *self._ends):
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Lets go of all; what was about to end does so."""
        tasks = [*self._tasks.values(), *([self._yielding] if self._yielding else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._ends, return_exceptions=True)

    async def _end(self, job_id: str) -> None:
        """Ends a process, or another machine's work; it takes seconds."""
        directory = self._directory(job_id)

        def end_it(adopted: bool) -> None:
            if not adopted:  # what it may have made is nobody's
                directory.result.unlink(missing_ok=True)
            end(self._runner_of(str(directory.read_plan().get("base_name", ""))), directory)

        try:
            made = {row.job for row in await self._bot.database.read(channel_models.every)}
            await asyncio.to_thread(end_it, job_id in made)
        except Exception:  # whose text it was is not asked again, so that it must not go on unseen
            log.exception("a training could not be ended", job=job_id)
        finally:
            self._ending.discard(job_id)
        await self._over()

    async def _carry(self, job_id: str, carried: Carrying) -> None:
        try:
            await carried.run()
        except Exception:  # not even its end could be stored: it is not over, and nobody else would look at it
            log.exception("a training is taken up again later", job=job_id)
            await asyncio.sleep(AGAIN)
        finally:
            if self._carried.get(job_id) is carried:
                del self._carried[job_id], self._tasks[job_id]
        await self._over()

    async def _is_a_channels(self, job_id: str) -> bool:
        """Whether a directory is a channel's training's; others' lie in the same place."""
        if (await asyncio.to_thread(self._directory(job_id).read_plan)).get("for") == CHANNEL:
            return True
        return await self._bot.database.read(partial(jobs.get, id=job_id)) is not None

    def _carrying(self, job: Job) -> Carrying:
        return Carrying(self._bot, job, self._runner_of(job.options["base"]), self._directory(job.id))

    def _directory(self, job_id: str) -> JobDirectory:
        return JobDirectory(self._home / job_id)
