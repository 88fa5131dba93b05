"""The fine-tuning jobs of a host: queued, carried out in processes of their own, and their models put on its shelf.

The key of a job's text is in the memory of this process and of the job's, and nowhere else. A host that is started
again finds the processes that still run; of every other job the text is deleted, which nobody could open any more.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from generators.host.errors import Malformed, unkept
from generators.host.tuned import Tuned, name_for
from generators.host.tuning_asked import TuningAsked
from generators.host.tuning_record import SENTENCES, Record, wipe
from generators.host.uploads import PRIVATE, Uploads
from generators.training.job_directory import JobDirectory
from generators.training.processes import Processes
from generators.training.runner import Runner
from generators.training.yielding import give_way

POLL: Final = 0.3  # seconds between two looks at what a process has told
SWEEP: Final = 60.0  # seconds between two looks for files that have waited too long
WAITING: Final = 20  # jobs in the queue
KEPT: Final = 200  # records of jobs that are over

_log: Final = logging.getLogger(__name__)


class Tuning:
    """The jobs of one host; `open` finds those of an earlier process, and `close` lets go of what runs.

    Args:
        folder: theirs alone, beside the models, so that a model is put on the shelf by one rename.
        models: the shelf: `NAME/VERSION/`.
        most: jobs at once; one for each GPU.
        threads: of each.
        runner: carries them out.
        now: seconds since 1970.
        hides: as `Tuned` has it.

    Attributes:
        uploads: the files to learn from.
    """

    def __init__(
        self,
        folder: Path,
        models: Path,
        *,
        most: int = 1,
        threads: int = 1,
        runner: Runner | None = None,
        now: Callable[[], float] = time.time,
        hides: Callable[[Path], bool] | None = None,
    ) -> None:
        self.uploads: Uploads
        self._folder = folder
        self._jobs = folder / "jobs"
        self._models = models
        self._tuned = Tuned(models, folder, hides)
        self._most = most
        self._threads = threads
        self._runner = runner or Processes()
        self._now = now
        self._lock = FileLock(folder / "lock", timeout=0)
        self._records: dict[str, Record] = {}  # in the order in which they were asked for
        self._keys: dict[str, bytes] = {}  # of the jobs' text; those of an earlier process are gone
        self._following: dict[str, asyncio.Task[None]] = {}
        self._ending: set[str] = set()
        self._tending: list[asyncio.Task[None]] = []
        self._writing = 0
        self._closing = False

    async def open(self) -> bool:
        """Takes up what an earlier process left; False where another one has this folder."""
        self._folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout:
            return False
        self._jobs.mkdir(mode=PRIVATE, exist_ok=True)
        self.uploads = await asyncio.to_thread(Uploads, self._folder / "uploads", self._now)
        await asyncio.to_thread(self._find)
        running = lambda: [self.directory(job_id) for job_id in self._following]  # noqa: E731
        self._tending = [
            asyncio.create_task(give_way(running, lambda: bool(self._writing))),
            asyncio.create_task(self._sweep()),
        ]
        self._look()
        return True

    async def close(self) -> None:
        """Lets go of everything; processes go on by themselves, and files that wait are deleted."""
        self._closing = True
        tasks = [*self._following.values(), *self._tending]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._lock.is_locked:
            shutil.rmtree(self._folder / "uploads", ignore_errors=True)
            self._lock.release()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """While somebody is written for, jobs on a GPU wait."""
        self._writing += 1
        try:
            yield
        finally:
            self._writing -= 1

    def all(self) -> list[Record]:
        """The jobs, the newest first."""
        return list(reversed(self._records.values()))

    def get(self, job_id: str) -> Record:
        """A job.

        Raises:
            Malformed: there is none.
        """
        if job_id not in self._records:
            raise Malformed(None, f"There is no fine-tuning job {job_id[:80]}.", 404)
        return self._records[job_id]

    def directory(self, job_id: str) -> JobDirectory:
        """Where a job of ours lies."""
        return JobDirectory(self._jobs / job_id)

    async def create(self, asked: TuningAsked) -> Record:
        """Queues a job.

        Raises:
            UserError: it cannot be done.
        """
        if sum(record.status == "queued" for record in self._records.values()) >= WAITING:
            raise Malformed(None, f"{WAITING} jobs wait already; try again later.", 429)
        if find_spec("torch") is None:
            raise Malformed(None, "This host cannot train: torch is not installed there.")
        file = self.uploads.get(asked.training_file, "training_file")
        plan, base = await asyncio.to_thread(self._tuned.plan, asked, self._threads)
        id_ = f"ftjob-{secrets.token_hex(12)}"
        name = name_for(asked)
        record = Record(
            id_, asked.model, base, name, file.id, asked.epochs, int(self._now()), asked.seed or 0, asked.metadata or {}
        )
        try:
            await asyncio.to_thread(record.lay_out, self.directory(id_), {**plan, "name": name}, file.path)
        except FileNotFoundError as fault:  # deleted meanwhile
            raise Malformed("training_file", f"There is no file {file.id}; upload it again.") from fault
        except OSError as fault:
            raise unkept("job", self._folder, fault.strerror or type(fault).__name__) from fault
        self._keys[id_] = file.key
        self._records[id_] = record
        self._look()
        return record

    async def cancel(self, job_id: str) -> Record:
        """Ends a job, and deletes its text.

        Raises:
            Malformed: there is none, or it is over.
        """
        record = self.get(job_id)
        following = self._following.get(job_id)
        if job_id in self._ending and following is not None:
            await asyncio.wait((following,))
        if not record.is_open:
            raise Malformed(None, f"The job is over already: it has {record.status}.".replace("has canc", "was canc"))
        record.status, record.finished = "cancelled", int(self._now())
        if following is not None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        await asyncio.to_thread(self._runner.stop, self.directory(job_id))
        await self._end(record)
        return record

    async def delete_model(self, name: str) -> bool:
        """Deletes a model that was made here; False where none of that name was."""
        made = any(record.name == name and record.status == "succeeded" for record in self._records.values())
        return made and await asyncio.to_thread(self._tuned.delete, name)

    def _find(self) -> None:
        """Reads the jobs of an earlier process, and deletes the text of those that do not run."""
        found = []
        for path in self._jobs.iterdir():
            record = Record.read(path)
            if record is None:
                shutil.rmtree(path, ignore_errors=True)
            else:
                found.append(record)
        for record in sorted(found, key=lambda record: (record.created, record.id)):
            self._records[record.id] = record
            directory = self.directory(record.id)
            if record.is_open and directory.outcome() is None and not self._runner.is_alive(directory):
                self._fail(record, "restarted")
            if not record.is_open:
                wipe(directory)
                record.keep(directory.path)

    def _look(self) -> None:
        """Follows what runs, and begins what may run now."""
        for record in self._records.values():
            job_id = record.id
            if record.is_open and job_id not in self._following:
                if record.status == "queued" and len(self._following) >= self._most:
                    continue
                task = asyncio.create_task(self._follow(record), name=f"job {job_id}")
                self._following[job_id] = task
                task.add_done_callback(lambda _, job_id=job_id: self._let_go(job_id))  # type: ignore[misc]

    def _let_go(self, job_id: str) -> None:
        self._following.pop(job_id, None)
        self._ending.discard(job_id)
        if not self._closing:
            self._look()

    async def _follow(self, record: Record) -> None:
        """Carries a job out to its end, from wherever it is."""
        directory = self.directory(record.id)
        try:
            if record.status == "queued":
                record.status, record.started = "running", int(self._now())
                await asyncio.to_thread(record.keep, directory.path)
                await asyncio.to_thread(self._runner.start, directory, self._keys[record.id], self._threads)
            while True:
                alive = await asyncio.to_thread(self._runner.is_alive, directory)
                if (outcome := await asyncio.to_thread(directory.outcome)) is not None:
                    break
                if not alive and not await self._revive(record):
                    outcome = {"state": "failed", "reason": "killed" if record.id in self._keys else "restarted"}
                    break
                await asyncio.sleep(POLL)
            self._ending.add(record.id)
            await self._close_job(record, outcome)
        except Exception:
            _log.exception("the fine-tuning job %s failed", record.id)
            self._ending.add(record.id)
            self._fail(record, "fault")
            await asyncio.to_thread(self._runner.stop, directory)
            await self._end(record)

    async def _revive(self, record: Record) -> bool:
        """Starts a process again that was ended from outside; False where it got no further since the last time."""
        key = self._keys.get(record.id)
        directory = self.directory(record.id)
        step = await asyncio.to_thread(directory.further, record.revived)
        if key is None or step is None:
            return False
        record.revived = step
        await asyncio.to_thread(record.keep, directory.path)
        await asyncio.to_thread(self._runner.start, directory, key, self._threads)
        return True

    async def _close_job(self, record: Record, outcome: dict[str, Any]) -> None:
        """Puts what was made on the shelf, or says why nothing was."""
        if outcome["state"] == "done":
            made = self.directory(record.id).path / outcome["directory"]
            await asyncio.to_thread(self._tuned.publish, record.name, str(outcome["version"]), made)
            record.version = str(outcome["version"])
            record.outcome = {name: value for name, value in outcome.items() if name != "directory"}
            record.status, record.finished = "succeeded", int(self._now())
        else:
            self._fail(record, str(outcome.get("reason", "fault")), str(outcome.get("sentence", "")))
        await self._end(record)

    def _fail(self, record: Record, code: str, sentence: str = "") -> None:
        record.status, record.finished, record.code = "failed", int(self._now()), code
        told = SENTENCES.get(code) or sentence or SENTENCES["fault"]
        record.reason = told.replace(str(self._models.parent), "…")  # strangers need not know where things lie

    async def _end(self, record: Record) -> None:
        """Deletes the text of a job that is over, and with it the file that it came from."""
        self._keys.pop(record.id, None)
        if not any(other.is_open and other.file == record.file for other in self._records.values()):
            await asyncio.to_thread(self.uploads.delete, record.file)
        await asyncio.to_thread(wipe, self.directory(record.id))
        await asyncio.to_thread(record.keep, self.directory(record.id).path)
        over = [each for each in self._records.values() if not each.is_open]
        for old in over[: max(0, len(over) - KEPT)]:
            if not self._tuned.has(old.name):  # what is still there can still be deleted
                del self._records[old.id]
                await asyncio.to_thread(self.directory(old.id).remove)

    async def _sweep(self) -> None:
        """Deletes files that have waited too long for a job."""
        while True:
            await asyncio.sleep(SWEEP)
            await asyncio.to_thread(self.uploads.all)
