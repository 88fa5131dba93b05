"""The trainings of all places: asked for, queued, carried out in processes of their own, and handed on."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.consent.gate import Source, guild_of, root
from bot.conversation import Message, Person, Place
from bot.jobs import showing
from bot.jobs.allowing import may_go_on
from bot.jobs.drafting import Base, drafted
from bot.jobs.errors import NoTraining, TrainingOver, TrainingRuns
from bot.jobs.running import Running
from bot.jobs.watching import watch
from bot.jobs.whereabouts import place_of
from bot.languages import translator
from bot.models import REMOTE
from generators.training.processes import Processes
from generators.training.runner import Runner
from storage import audit, jobs
from storage.errors import StorageError
from storage.jobs import Job

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.consent.desk import Change

log = structlog.get_logger(__name__)


class Jobs:
    """`bot.jobs`; at most `training.jobs` of this process run at once, and the others wait in order.

    Args:
        bot: everything there is.
        runner: carries jobs out; processes of this machine by default.
        elsewhere: carries out those whose base is on another machine; None where nothing does.
    """

    def __init__(self, bot: Bot, runner: Runner | None = None, elsewhere: Runner | None = None) -> None:
        self._bot = bot
        self._most = bot.configuration.training.jobs
        self._runner = runner or Processes()
        self.elsewhere = elsewhere
        self._running = Running(bot, self._runner_of, self.look)
        self._planning = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._following: set[asyncio.Task[None]] = set()
        self._shown: dict[str, Message] = {}  # of those that wait
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

        It is the training of who begins it from then on, whose rights are asked for again before its result goes into
        use; who asked for it may be somebody else.

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
            begun = {"state": "queued", "asked": at, "options": options, "person": person.key}
            if not await jobs.change(conn, job.id, ("asked",), **begun):
                return False
            await audit.record(conn, job.place, person.key, "train", {"job": job.id, "base": options["base"]}, at)
            return True

        if not await self._bot.database.write(store):
            raise TrainingOver
        await self.look()
        queued = [other.id for other in await self._open() if other.state == "queued"]
        return queued.index(job.id) + 1 if job.id in queued else 0

    async def cancel(self, place: Place, person: Person, job_id: str | None = None) -> Job:
        """Ends a training that waits or runs, or the question whether to begin one; what it has is deleted.

        Raises:
            NoTraining, TrainingOver: there is none, or its model is about to go into use.
        """
        job = await self.of(place) if job_id is None else await self._mine(job_id, place)
        if job is None:
            raise NoTraining
        if self._running.of(job).handing_on:
            raise TrainingOver

        async def store(conn: AsyncConnection) -> bool:
            at = self._bot.clock.now()
            states = ("asked", "queued", "running")
            if not await jobs.change(conn, job.id, states, state="cancelled", ended=at):
                return False
            await audit.record(conn, job.place, person.key, "cancel training", {"job": job.id}, at)
            return True

        if not await self._bot.database.write(store):
            raise TrainingOver
        await self._running.drop(job.id)
        translate = translator(job.language)
        said = translate("This training was cancelled by {person}.", person=person.name)
        await self._running.of(job).say(Message(said))
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
        view = self._running.of(job).view if job.id in self._running else await self._waiting_view(job)
        return showing.running(view, job.id, translator(language))

    async def resume(self) -> None:
        """Finds the trainings again that an earlier bot began; call it once every platform is registered."""
        await self._running.clear()
        await self.look()
        if self._watching is None:
            self._watching = asyncio.create_task(watch(self._bot), name="what others change")

    async def leave(self, places: Callable[[Place], bool]) -> None:
        """Lets go of the trainings of some places; `resume` takes up those that are still stored."""
        await self._running.leave(places)

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Takes none up meanwhile, as while a place moves: what is begun knows where it is."""
        async with self._planning:
            yield

    async def look(self) -> None:
        """Ends what may not go on, takes up what runs, and begins what may run now."""
        async with self._planning:
            if self._closing:
                return
            await self._send_back()
            found = await self._open()
            running, ending = [job for job in found if job.state == "running"], self._running.ending
            waiting = [job for job in found if job.state == "queued" and job.id not in ending]
            for job in waiting[: max(0, self._most - len(running) - len(ending))]:
                at = self._bot.clock.now()
                change = partial(jobs.change, id=job.id, from_states=("queued",), state="running", started=at)
                if await self._bot.database.write(change):
                    running.append(replace(job, state="running", started=at))
            for job in running:
                if job.id not in self._running:
                    self._running.take_up(job)
        await self._show_queue()

    async def follow(self, change: Change) -> None:
        """Begins trainings anew that learn from what may not be used any more; nobody who withdraws waits for that."""
        del change  # the ledger is asked instead, which knows of what nobody was told of too

        async def follow() -> None:
            try:
                await self.look()
            except StorageError as fault:
                log.warning("what has changed is followed later", reason=str(fault))

        task = asyncio.create_task(follow(), name="a change of the ledger")
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def settled(self) -> None:
        """Returns once no training waits or runs."""
        await asyncio.gather(*self._following)
        await self._running.settled()

    async def close(self) -> None:
        """Lets go of the trainings, which go on by themselves."""
        self._closing = True
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await asyncio.gather(*self._following)
        await self._running.close()

    async def _open(self) -> list[Job]:
        """The trainings that wait or run for places that this process serves."""
        return [job for job in await self._bot.database.read(jobs.open_jobs) if self._bot.share.has(place_of(job))]

    async def _send_back(self) -> None:
        """Queues trainings again whose text may not be used any more, to begin anew with what may be."""
        for job in await self._open():
            asked = partial(may_go_on, job=job, rights_of=self._bot.consents.ledger)
            if job.state == "running" and not await self._bot.database.read(asked):
                await self._running.drop(job.id)
                back = partial(jobs.change, id=job.id, from_states=("running",), state="queued", facts={})
                await self._bot.database.write(back)

    async def _show_queue(self) -> None:
        """Shows each that waits where it stands, if that has changed."""
        waiting = [job for job in await self._open() if job.state == "queued"]
        shown, self._shown = self._shown, {}
        for job in waiting:
            view = await self._waiting_view(job)
            message = showing.running(view, job.id, translator(job.language))
            if shown.get(job.id) != message:
                await self._running.of(job).say(message)
            self._shown[job.id] = message

    async def _waiting_view(self, job: Job) -> showing.View:
        waiting = [other.id for other in await self._open() if other.state == "queued"]
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

    def _runner_of(self, base: str) -> Runner:
        """What carries out a training from a base: another machine where that has it."""
        return self.elsewhere if base.startswith(REMOTE) and self.elsewhere is not None else self._runner
