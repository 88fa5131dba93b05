"""One training that runs: its text gathered, its process started, followed and started again, its result handed on."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.consent.gate import Source
from bot.conversation import Message
from bot.corpora.building import ATTEMPTS, Built, build
from bot.corpora.errors import ConsentsChange
from bot.jobs import showing
from bot.jobs.allowing import USED, may_go_on
from bot.jobs.board import Board
from bot.jobs.drafting import files_of, plan_of
from bot.jobs.ending import end
from bot.jobs.errors import Failed
from bot.jobs.picturing import picture
from bot.jobs.rights import administers
from bot.jobs.whereabouts import place_of
from bot.languages import translator
from bot.lineages import Result
from bot.lineages.room import COMPARED
from bot.names import versioned
from generators.errors import UserError
from generators.training.job_directory import JobDirectory
from storage import channel_models, jobs
from storage.errors import StorageError
from storage.jobs import Job
from storage.moving import PEOPLE

if TYPE_CHECKING:
    from bot.app import Bot
    from generators.training.runner import Runner

POLL: Final = 0.3  # seconds between two looks at what a process has told
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of a disk, of what a user may have, of one file
PURPOSE: Final = "corpus of job {id}"  # what the key of a job's text is derived for

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Carrying:
    """A training on its way.

    Attributes:
        view: how far it is.
        place: where it was asked for.
        handing_on: whether its result is about to go into use, which nobody can cancel any more.

    Args:
        bot: everything there is.
        job: as it is stored.
        runner: carries it out.
        directory: of the job.
    """

    def __init__(self, bot: Bot, job: Job, runner: Runner, directory: JobDirectory) -> None:
        self.handing_on = False
        self.view = showing.View(job.options.get("name", ""), job.options["base"].partition("@")[0], "gathering")
        self._bot = bot
        self._job = job
        self._facts = dict(job.facts)
        self._runner = runner
        self._directory = directory
        self.place = place_of(job)
        self._translate = translator(job.language)
        self._board = Board(bot.outboxes.get(self.place.platform), self.place, job.message)

    async def run(self) -> None:
        """Carries it out to its end, from wherever it is."""
        try:
            outcome = await self._outcome()
            if outcome["state"] == "done":
                await self._hand_on(outcome)
            else:
                log.warning("a training ended", job=self._job.id, reason=outcome.get("sentence", outcome["reason"]))
                await self._fail(Failed(outcome["reason"]))
        except asyncio.CancelledError:
            await self._board.close()
            raise
        except (UserError, StorageError) as fault:
            await self._fail(fault)
        except Exception as fault:
            log.exception("a training failed", job=self._job.id)
            await self._fail(Failed("no_room" if _is_full(fault) else "fault"))

    async def say(self, message: Message) -> None:
        """Shows something in the training's message, if that is still there."""
        await self._board.change(message)

    async def _outcome(self) -> dict[str, Any]:
        """What `result.json` says in the end."""
        if await asyncio.to_thread(self._is_anothers):  # of a training that was sent back, and could not be ended
            await asyncio.to_thread(self._runner.stop, self._directory)
            await asyncio.to_thread(self._directory.remove)
        if not self._directory.plan.exists():  # written last, so that what is begun has all of its text
            self._show()
            await self._gather()
            await self._start()
        offset = 0
        while True:
            events, offset = await asyncio.to_thread(self._directory.told, offset)
            for event in events:
                self.view = self.view.after_event(event)
            if events:
                self._show()
            alive = await asyncio.to_thread(self._runner.is_alive, self._directory)
            if (outcome := await asyncio.to_thread(self._directory.outcome)) is not None:
                return outcome
            if not alive and self._is_locked_out():
                await asyncio.to_thread(self._directory.remove)
                return await self._outcome()
            if not alive and not await self._revive():
                return {"state": "failed", "reason": "killed"}
            await asyncio.sleep(POLL)

    async def _gather(self) -> None:
        """Writes the sealed text of what may be used now, and the plan."""
        options = self._job.options
        await self._bot.visibility.check(*versioned(options["base"]), self.place)
        plan = await plan_of(self._bot, self.place, options)
        await self._note(**{COMPARED: plan.get("current_name")})
        await asyncio.to_thread(self._directory.path.mkdir, 0o700, parents=True, exist_ok=True)
        for _ in range(ATTEMPTS):
            built = await build(
                self._bot.database,
                self._bot.vault,
                self._bot.consents.ledger,
                self._job.place,
                [Source(name) for name in options["sources"]],
                await files_of(self._bot, self.place),
                self._directory.corpus,
                self._key(),
            )
            if await self._note_text(built):
                await asyncio.to_thread(self._directory.create, plan)
                return
        raise ConsentsChange

    async def _note_text(self, built: Built) -> bool:
        """Keeps whose text there is, which withdrawals end the training by from now on; False if one came before."""
        learners = await self._learners_of(self._job.options["base"])
        facts = {
            **self._facts,
            PEOPLE: sorted({*built.people, *learners}),
            USED: built.used,
            "key": self._mark(),
            "revived": None,
            "documents": built.documents,
            "characters": built.characters,
            "sources": dict(built.sources),
            "removed": dict(built.removed),
            "replaced": dict(built.replaced),
        }

        async def store(conn: AsyncConnection) -> bool:
            facts["read"] = self._bot.clock.now().isoformat()
            if not await may_go_on(conn, replace(self._job, facts=facts), self._bot.consents.ledger):
                return False
            await jobs.change(conn, self._job.id, ("running",), facts=facts)
            return True

        if not await self._bot.database.write(store):
            return False
        self._facts = facts
        self._job = replace(self._job, facts=facts)
        return True

    async def _start(self) -> None:
        threads = self._bot.configuration.training.threads
        await asyncio.to_thread(self._runner.start, self._directory, self._key(), threads)

    async def _revive(self) -> bool:
        """Starts a process again that was ended from outside; False where it got no further since the last time."""
        step = await asyncio.to_thread(self._directory.further, self._facts.get("revived"))
        if step is None:
            return False
        log.warning("a training was ended from outside, and goes on", job=self._job.id, step=step)
        await self._note(revived=step)
        await self._start()
        return True

    async def _learners_of(self, base: str) -> list[tuple[str, str]]:
        """Whose text the base has learnt from, which its descendants know too, even once nothing is known of it."""
        model, version = versioned(base)
        query = partial(channel_models.learners_of, model=model, version=version or "")
        return await self._bot.database.read(query)

    async def _hand_on(self, outcome: dict[str, Any]) -> None:
        """Hands on what was made, which goes into use if it is better and an admin still wants it.

        It is over once that is shown: after a crash it is shown again rather than never.
        """
        made = self._directory.path / outcome["directory"] if "directory" in outcome else None
        drawn = await asyncio.to_thread(picture, self._directory, made)
        result = await self._result(outcome)
        self.handing_on = True
        adopted = await _whole(self._bot.lineages.adopt(result))
        message = adopted.message(self._translate)
        await self._board.finish(showing.over(self.view, outcome, message, self._translate))
        if drawn is not None:
            await self._board.add(Message(self._translate("How the training went."), picture=drawn))
        await self._end("done", bits_per_character=result.bits)

    async def _result(self, outcome: dict[str, Any]) -> Result:
        plan = self._directory.read_plan()
        measured = {plan["base_name"]: float(outcome["before"]["bits_per_character"])}
        if "current_name" in plan:
            measured[plan["current_name"]] = float(outcome["current"]["bits_per_character"])
        repetition = outcome.get("memorisation") or {}
        keep = ("documents", "characters", "sources", "removed", "replaced", "read")
        person = self._job.person.partition(":")[2]
        return Result(
            place=self.place,
            person=self._job.person,
            model=outcome["name"],
            version=outcome["version"],
            base=plan["base_name"],
            bits=float(outcome["after"]["bits_per_character"]),
            made=self._bot.clock.now(),
            directory=self._directory.path / outcome["directory"] if "directory" in outcome else None,
            measured=measured,
            learnt_from=[(who, place) for who, place in self._facts.get(PEOPLE, ())],
            read=datetime.fromisoformat(self._facts["read"]) if "read" in self._facts else None,
            verbatim=repetition.get("share"),
            facts={
                "recipe": plan["recipe"],
                "metrics": outcome.get("metrics", {}),
                "memorisation": repetition,
                **{name: self._facts[name] for name in keep if name in self._facts},
            },
            job=self._job.id,
            authorised=await administers(self._bot.outboxes.get(self.place.platform), person, self.place),
        )

    async def _fail(self, fault: UserError | StorageError) -> None:
        """Ends it without a model, which leaves everything as it was."""
        home = f"{self._bot.configuration.home}/"  # where files lie on the bot's machine is nothing for a chat
        await self._board.finish(Message(fault.sentence(self._translate).replace(home, "")))
        await self._end("failed", fault=str(fault))

    async def _end(self, state: str, **facts: Any) -> None:
        """Notes that it is over, and deletes what it has; whose text it learnt from is known of its model alone."""
        change = partial(jobs.change, id=self._job.id, from_states=("running",), state=state)
        kept = {name: fact for name, fact in self._facts.items() if name not in (PEOPLE, USED)}
        ended, facts = self._bot.clock.now(), {**kept, **facts}
        await self._bot.database.write(partial(change, ended=ended, facts=facts, message=self._board.posted))
        await asyncio.to_thread(end, self._runner, self._directory)

    async def _note(self, **facts: Any) -> None:
        """Keeps what is known of it."""
        self._facts |= facts
        self._job = replace(self._job, facts=self._facts)
        change = partial(jobs.change, id=self._job.id, from_states=("running",), facts=self._facts)
        await self._bot.database.write(change)

    def _show(self) -> None:
        self._board.show(showing.running(self.view, self._job.id, self._translate))

    def _key(self) -> bytes:
        return self._bot.vault.derived(PURPOSE.format(id=self._job.id))

    def _mark(self) -> str:
        """What tells the key from another."""
        return blake2b(self._key(), digest_size=8).hexdigest()

    def _is_anothers(self) -> bool:
        """Whether the directory has a text of which nobody knows any more whose it is."""
        return self._directory.plan.exists() and "read" not in self._facts

    def _is_locked_out(self) -> bool:
        """Whether the vault has another key by now, so that nobody can read the job's text any more."""
        return bool(self._facts.get("key", self._mark()) != self._mark())


async def _whole(work: Coroutine[Any, Any, T]) -> T:
    """Carries something out to its end, also where that is cancelled meanwhile."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def _is_full(fault: Exception) -> bool:
    """Whether it is the disk that has no room."""
    return isinstance(fault, OSError) and fault.errno in FULL
