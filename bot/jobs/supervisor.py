"""The trainings of all places: asked for, queued, carried out in processes of their own, and handed on."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.consent.gate import Source, guild_of, root
from bot.conversation import Message, Person, Place
from bot.home import Home
from bot.jobs import showing
from bot.jobs.carrying import Carrying
from bot.jobs.drafting import CHANNEL, REMOTE, Base, drafted
from bot.jobs.errors import NoTraining, TrainingOver, TrainingRuns
from bot.jobs.runner import Runner
from bot.languages import translator
from generators.training.job_directory import JobDirectory
from generators.training.processes import Processes
from generators.training.yielding import give_way
from storage import audit, jobs
from storage.jobs import Job

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.consent.desk import Change

log = structlog.get_logger(__name__)


class Jobs:
    """`bot.jobs`; at most `training.jobs` run at once, and the others wait in order.

    Args:
        bot: everything there is.
        runner: carries jobs out; processes of this machine by default.
        elsewhere: carries out those whose base is on another machine; None where nothing does.
    """

    def __init__(self, bot: Bot, runner: Runner | None = None, elsewhere: Runner | None = None) -> None:
        self._bot = bot
        self._home = Home(bot.configuration.home).jobs
        self._most = bot.configuration.training.jobs
        self._runner = runner or Processes()
        self.elsewhere = elsewhere
        self._carried: dict[str, Carrying] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._planning = asyncio.Lock()
        self._yielding: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def closed(self) -> bool:
        """Whether it has let go of everything."""
        return self._closing

    async def draft(
        self,
        base: Base,
        sources: Collection[Source],
        epochs: float | None,
        *,
        person: Person,
        place: Place,
        message: str,
    ) -> Message:
        """What a training would be; its buttons begin it or not.

        Args:
            message: where that will be shown.

        Raises:
            TrainingRuns: there is one for the channel already.
            UserError: it cannot be done, or there is nothing to learn from.
        """
        await self.refuse_second(place)
        found, _ = await drafted(self._bot, place, base, sources, epochs)
        options: dict[str, Any] = {
            "base": base.name,
            "kind": base.kind,
            "sources": [str(source) for source in sources],
            "epochs": found.epochs,
            "here": [place.platform, place.id, place.channel, place.guild],
        }
        job = Job(
            secrets.token_hex(6),
            root(place),
            guild_of(place),
            person.key,
            "asked",
            options,
            person.language,
            self._bot.clock.now(),
            message=message,
        )
        await self._bot.database.write(partial(jobs.add, job=job))
        return showing.draft(found, job.id, translator(person.language))

    async def refuse_second(self, place: Place) -> None:
        """Refuses a training for a channel that has one.

        Raises:
            TrainingRuns: it has.
        """
        if await self.of(place) is not None:
            raise TrainingRuns

    async def of(self, place: Place) -> Job | None:
        """The training of a channel that waits or runs."""
        here = root(place)
        return next((job for job in await self._bot.database.read(jobs.open_jobs) if job.place == here), None)

    async def begin(self, job_id: str, person: Person, place: Place) -> int:
        """Queues a training that was asked for; two at once are one.

        Returns:
            Its place in the queue, from 0 for one that runs at once.

        Raises:
            TrainingOver: its question is not open any more.
            TrainingRuns: the channel has another one.
        """
        job = await self._mine(job_id, place)
        name = await self._bot.lineages.claim(place)
        options = {**job.options, "name": name}

        async def store(conn: AsyncConnection) -> bool:
            waiting = await jobs.open_jobs(conn)
            if any(other.place == job.place for other in waiting):
                raise TrainingRuns
            at = self._bot.clock.now()
            if not await jobs.change(conn, job.id, ("asked",), state="queued", asked=at, options=options):
                return False
            await audit.record(conn, job.place, person.key, "train", {"job": job.id, "base": options["base"]}, at)
            return True

        if not await self._bot.database.write(store):
            raise TrainingOver
        await self.look()
        waiting = await self._bot.database.read(jobs.open_jobs)
        queued = [other.id for other in waiting if other.state == "queued"]
        return queued.index(job.id) + 1 if job.id in queued else 0

    async def cancel(self, place: Place, person: Person, job_id: str | None = None) -> Job:
        """Ends a training that waits or runs, or the question whether to begin one; what it has is deleted.

        Raises:
            NoTraining, TrainingOver: there is none.
        """
        job = await self.of(place) if job_id is None else await self._mine(job_id, place)
        if job is None:
            raise NoTraining

        async def store(conn: AsyncConnection) -> bool:
            at = self._bot.clock.now()
            states = ("asked", "queued", "running")
            if not await jobs.change(conn, job.id, states, state="cancelled", ended=at):
                return False
            await audit.record(conn, job.place, person.key, "cancel training", {"job": job.id}, at)
            return True

        if not await self._bot.database.write(store):
            raise TrainingOver
        await self._drop(job.id)
        translate = translator(job.language)
        said = translate("This training was cancelled by {person}.", person=person.name)
        await self._carrying(job).say(Message(said))
        await self.look()
        return job

    async def status(self, place: Place, language: str) -> Message:
        """The training of a channel as it is now.

        Raises:
            NoTraining: there is none.
        """
        job = await self.of(place)
        if job is None:
            raise NoTraining
        carried = self._carried.get(job.id)
        view = carried.view if carried is not None else await self._waiting_view(job)
        return showing.running(view, job.id, translator(language))

    async def resume(self) -> None:
        """Finds the trainings again that an earlier bot began; call it once every platform is registered."""
        known = {job.id for job in await self._bot.database.read(jobs.open_jobs)}
        for path in await asyncio.to_thread(lambda: list(self._home.glob("*/plan.json"))):
            directory = JobDirectory(path.parent)
            if path.parent.name not in known and directory.read_plan().get("for") == CHANNEL:
                await self._drop(path.parent.name)  # cancelled, over or forgotten when the bot ended
        await self.look()

    async def leave(self, places: Callable[[Place], bool]) -> None:
        """Lets go of the trainings of some places; `resume` takes up those that are still stored."""
        for job_id, carried in list(self._carried.items()):
            if places(carried.place) and (task := self._tasks.pop(job_id, None)) is not None:
                del self._carried[job_id]
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def look(self) -> None:
        """Takes up what runs, and begins what may run now."""
        async with self._planning:
            if self._closing:
                return
            found = await self._bot.database.read(jobs.open_jobs)
            running = [job for job in found if job.state == "running"]
            for job in [job for job in found if job.state == "queued"][: max(0, self._most - len(running))]:
                at = self._bot.clock.now()
                change = partial(jobs.change, id=job.id, from_states=("queued",), state="running", started=at)
                if await self._bot.database.write(change):
                    running.append(replace(job, state="running", started=at))
            for job in running:
                if job.id not in self._tasks:
                    self._take_up(job)
            await self._show_queue()

    async def follow(self, change: Change) -> None:
        """Begins trainings anew that learn from what somebody has withdrawn."""
        if not change.withdrawn:
            return
        for job in await self._bot.database.read(jobs.open_jobs):
            people = {(person, place) for person, place in job.facts.get("people", ())}
            hit = any(change.person in (None, person) and change.place in (None, place) for person, place in people)
            if job.state == "running" and hit:
                await self._drop(job.id)
                facts = {**job.facts, "people": [], "anew": True}
                back = partial(jobs.change, id=job.id, from_states=("running",), state="queued", facts=facts)
                await self._bot.database.write(back)
        await self.look()

    async def settled(self) -> None:
        """Returns once no training waits or runs."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Lets go of the trainings, which go on by themselves."""
        self._closing = True
        tasks = [*self._tasks.values(), *([self._yielding] if self._yielding else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _take_up(self, job: Job) -> None:
        carried = self._carrying(job)
        self._carried[job.id] = carried
        self._tasks[job.id] = asyncio.create_task(self._carry(job.id, carried), name=f"training {job.id}")
        if self._yielding is None:
            running = lambda: [self._directory(each) for each in self._carried]  # noqa: E731
            self._yielding = asyncio.create_task(give_way(running, lambda: bool(self._bot.texts_in_hand)))

    async def _carry(self, job_id: str, carried: Carrying) -> None:
        try:
            await carried.run()
        finally:
            if self._carried.get(job_id) is carried:
                del self._carried[job_id], self._tasks[job_id]
        await self.look()

    async def _drop(self, job_id: str) -> None:
        """Ends whatever is done for a training, and deletes what it has."""
        task = self._tasks.pop(job_id, None)
        self._carried.pop(job_id, None)
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        directory = self._directory(job_id)
        base = str(directory.read_plan().get("base_name", ""))
        await asyncio.to_thread(self._runner_of(base).stop, directory)
        await asyncio.to_thread(directory.remove)

    async def _show_queue(self) -> None:
        """Shows each that waits where it stands."""
        for job in await self._bot.database.read(jobs.open_jobs):
            if job.state == "queued":
                view = await self._waiting_view(job)
                message = showing.running(view, job.id, translator(job.language))
                await self._carrying(job).say(message)

    async def _waiting_view(self, job: Job) -> showing.View:
        waiting = [other.id for other in await self._bot.database.read(jobs.open_jobs) if other.state == "queued"]
        place = waiting.index(job.id) + 1 if job.id in waiting else 1
        return showing.View(job.options["name"], job.options["base"].partition("@")[0], place=place)

    async def _mine(self, job_id: str, place: Place) -> Job:
        """A training of this channel.

        Raises:
            TrainingOver: there is none of that id here.
        """
        job = await self._bot.database.read(partial(jobs.get, id=job_id))
        if job is None or job.place != root(place):
            raise TrainingOver
        return job

    def _carrying(self, job: Job) -> Carrying:
        return Carrying(self._bot, job, self._runner_of(job.options["base"]), self._directory(job.id))

    def _runner_of(self, base: str) -> Runner:
        """What carries out a training from a base: another machine where that has it."""
        return self.elsewhere if base.startswith(REMOTE) and self.elsewhere is not None else self._runner

    def _directory(self, job_id: str) -> JobDirectory:
        return JobDirectory(self._home / job_id)
