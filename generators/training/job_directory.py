"""A training job on disk: a directory with its plan, its text, and everything that is known of how far it is."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from generators.training.checkpoints import newest_usable, step_of
from generators.training.work import work_of

PRIVATE: Final = 0o700
FRESH: Final = 10.0  # seconds for which a request to wait holds, so that nobody waits for a bot that is gone


@dataclass(frozen=True, slots=True)
class JobDirectory:
    """Where a job keeps what it is, so that it needs nobody and is found again.

    `plan.json` says what is to be trained, `corpus.sealed` on what; `learning.sealed` and `held_out.sealed` are its two
    parts. `state.json` is what has been settled so far, `events.jsonl` what has been told, `result.json` how it ended.

    Attributes:
        path: the directory.
    """

    path: Path

    @property
    def plan(self) -> Path:
        return self.path / "plan.json"

    @property
    def corpus(self) -> Path:
        return self.path / "corpus.sealed"

    @property
    def learning(self) -> Path:
        return self.path / "learning.sealed"

    @property
    def held_out(self) -> Path:
        return self.path / "held_out.sealed"

    @property
    def state(self) -> Path:
        return self.path / "state.json"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def result(self) -> Path:
        return self.path / "result.json"

    @property
    def process(self) -> Path:
        return self.path / "pid"

    @property
    def log(self) -> Path:
        return self.path / "log"

    @property
    def waiting(self) -> Path:
        """Touched by whoever wants the GPU for themselves for a moment."""
        return self.path / "wait"

    def output(self, name: str) -> Path:
        """Where the model of that name is published, as `output/VERSION`."""
        return self.path / "output" / name

    def further(self, than: int | None) -> int | None:
        """The step from which a process goes on that is started again; None where the last one got no further.

        Args:
            than: the step from which that one went on; None where it was the first.
        """
        step = step_of(newest_usable(work_of(self.output(str(self.read_plan()["name"])))))
        return step if than is None or step > than else None

    def create(self, plan: Mapping[str, Any]) -> None:
        """Makes the directory, for the user alone."""
        self.path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        write_whole(self.plan, plan)

    def read_plan(self) -> dict[str, Any]:
        """What is to be trained."""
        return read_object(self.plan)

    def settled(self) -> dict[str, Any]:
        """What has been settled so far."""
        return read_object(self.state)

    def settle(self, **facts: object) -> None:
        """Adds facts to what has been settled."""
        write_whole(self.state, {**self.settled(), **facts})

    def tell(self, event: Mapping[str, Any]) -> None:
        """Appends an event, whole or not at all as far as readers can see."""
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **event}, ensure_ascii=False)
        descriptor = os.open(self.events, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, f"{line}\n".encode())
        finally:
            os.close(descriptor)

    def told(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """The events from a byte of the file on, and the byte that the next ones begin at.

        What a killed job has not written to its end is passed over.
        """
        try:
            with self.events.open("rb") as file:
                file.seek(offset)
                read = file.read()
        except FileNotFoundError:
            return [], 0
        whole = read[: read.rfind(b"\n") + 1]
        return [event for line in whole.splitlines() if (event := _object(line))], offset + len(whole)

    def outcome(self) -> dict[str, Any] | None:
        """How it ended; None before."""
        return read_object(self.result) or None

    def finish(self, outcome: Mapping[str, Any]) -> None:
        """Says how it ended, and deletes its text; on a full disk that makes the room that is needed first."""
        try:
            write_whole(self.result, outcome)
        except OSError:
            self.forget()
            write_whole(self.result, outcome)
        self.forget()

    def forget(self) -> None:
        """Deletes all that holds its text, and what an unfinished training left."""
        for path in (self.corpus, self.learning, self.held_out):
            path.unlink(missing_ok=True)
        for path in self.path.glob("*.sealed.part"):  # what a killed process was writing
            path.unlink(missing_ok=True)
        for work in (self.path / "output").glob(f"{work_of(Path('*')).name}"):
            shutil.rmtree(work, ignore_errors=True)

    def remove(self) -> None:
        """Deletes all of it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def is_asked_to_wait(self) -> bool:
        """Whether somebody who is still there wants the GPU for a moment."""
        try:
            return time.time() - self.waiting.stat().st_mtime < FRESH
        except OSError:
            return False

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Keeps every other process out of the job; gives False where one is in it."""
        lock = FileLock(self.path / "lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()


def read_object(path: Path) -> dict[str, Any]:
    """The object of a JSON file; an empty one where there is none, or it is torn."""
    try:
        return _object(path.read_bytes())
    except OSError:
        return {}


def write_whole(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a JSON file, so that whoever reads it sees the old one or the new one.

    Raises:
        OSError: the disk is full.
    """
    beside = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        beside.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", "utf-8")
        beside.chmod(0o600)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
