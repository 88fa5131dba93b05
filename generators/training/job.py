"""The process of a training job: `python -m generators.training.job DIRECTORY`, the text's key on its first line.

Everything that it knows is in its directory (`JobDirectory`), so it needs nobody once it runs; started again after it
was killed, it goes on from the newest checkpoint that is whole. It never opens a database.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from generators.errors import UserError
from generators.places import CONFIG
from generators.training.errors import CannotSave, Diverged, NothingToLearn, Stopped, TooLittleMemory
from generators.training.job_directory import JobDirectory, read_object, write_whole
from generators.training.progress import Progress
from generators.training.sealed import key_of
from generators.training.withholding import sealed_documents, watched, withhold
from generators.training.work import work_of
from generators.training.worth import note_worth

STOPPED: Final = 143  # exit status of what ended because it was asked to; 128 + SIGTERM
TAKEN: Final = 3  # … of a second process for a job that runs
KINDNESS: Final = 10  # added to its niceness: who writes goes first
NAP: Final = 0.02  # seconds between two looks at whether the GPU is wanted
SAMPLE: Final = 200  # tokens of the texts before and after
SEED: Final = 1
SAMPLES: Final = 400  # texts that are looked through for what the model has learnt by heart …
FEW: Final = 100  # … where each takes a second

REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (CannotSave, "no_room"),
    (TooLittleMemory, "no_memory"),
    (MemoryError, "no_memory"),
    (Diverged, "diverged"),
    (NothingToLearn, "no_text"),
)


def main(arguments: list[str]) -> int:
    """Carries out the job of a directory, whose key is the first line of stdin.

    Returns:
        0 where `result.json` says how it ended.
    """
    return carry_out(JobDirectory(Path(arguments[0]).absolute()), sys.stdin.readline())


def carry_out(directory: JobDirectory, key: str) -> int:
    """Carries out a job in this process, in its main thread.

    Args:
        key: of the text, as `key_of` reads it.

    Returns:
        As `main`.
    """
    with directory.held() as free, asked_to_end() as stopping:
        if not free:
            return TAKEN
        note_process(directory)
        if directory.outcome() is not None:
            directory.forget()
            return 0
        with suppress(OSError):  # a container may forbid it
            os.nice(KINDNESS)
        try:
            outcome = Job(directory, key_of(key), stopping).run()
        except Stopped:
            return STOPPED
        except Exception as fault:
            outcome = failure(fault)
        directory.finish(outcome)
    return 0


class Job:
    """A job on its way.

    Args:
        directory: has its plan and its text.
        key: of the text.
        stopping: whether it has been asked to end.
    """

    def __init__(self, directory: JobDirectory, key: bytes, stopping: Callable[[], bool]) -> None:
        self._directory = directory
        self._key = key
        self._stopping = stopping
        self._plan = directory.read_plan()
        self._output = directory.output(self._plan["name"])
        self._threads = int(self._plan["options"].get("threads", 1))
        self._on_gpu = False

    def run(self) -> dict[str, Any]:
        """Measures the base, trains, and measures the result on the same text.

        Returns:
            What `result.json` is to say.

        Raises:
            Stopped: it was asked to end; what it has is kept to go on from.
            UserError: it cannot be done.
        """
        self._directory.tell({"type": "preparing"})
        self._on_gpu = uses_gpu()
        withhold(self._directory, self._key, self._look)
        before = self._measured("before", Path(self._plan["base"]))
        current = self._measured("current", Path(self._plan["current"])) if self._plan.get("current") else before
        trained = self._trained()
        repetition = self._checked(trained)
        after = self._measured("after", trained)  # behind its guard: what it writes there is shown
        note_worth(trained, before["bits_per_character"], after["bits_per_character"])
        self._directory.tell({"type": "done", **after})
        return {
            "state": "done",
            "name": self._plan["name"],
            "version": trained.name,
            "directory": str(trained.relative_to(self._directory.path)),
            "before": before,
            "current": current,
            "after": after,
            "memorisation": repetition,
            "metrics": read_object(trained / "planchette.json").get("metrics", {}),
        }

    def _measured(self, name: str, model: Path) -> dict[str, Any]:
        """Bits per character on the held-out text, and a text; measured once, whatever happens to the process."""
        known = self._directory.settled().get(name)
        if isinstance(known, dict):
            return known
        self._directory.tell({"type": "measuring", "what": name})
        measures = measured(model, self._held_out(), self._threads)
        self._directory.settle(**{name: measures})
        self._directory.tell({"type": "measured", "what": name, **measures})
        return measures

    def _trained(self) -> Path:
        """The directory of the trained model, which may have been published before the process was killed."""
        from generators.training import train

        if (published := next(self._output.glob("[!.]*/planchette.json"), None)) is not None:
            return published.parent
        work = work_of(self._output)
        trained = train(
            [self._directory.learning],
            recipe=self._plan.get("recipe"),
            base=Path(self._plan["base"]),
            output=self._output,
            options=self._plan["options"],
            resume=(work / "plan.json").exists(),
            progress=self._told,
            stopping=self._waited,
            corpus_key=self._key,
        )
        return trained.directory

    def _checked(self, model: Path) -> dict[str, Any]:
        """How much of its text the model repeats; from then on a guard keeps it from that."""
        from generators.training.verbatim import guarded

        known = self._directory.settled().get("memorisation")
        if isinstance(known, dict):
            return known
        self._directory.tell({"type": "checking"})
        texts = (document.text for document in sealed_documents(self._directory.learning, self._key))
        is_light = read_object(model / CONFIG).get("model_type") == "charrnn"
        samples = SAMPLES if is_light or self._on_gpu else FEW
        measures = guarded(model, texts, base=Path(self._plan["base"]), samples=samples, threads=self._threads)
        self._directory.settle(memorisation=asdict(measures))
        return asdict(measures)

    def _told(self, event: Progress) -> None:
        try:
            self._directory.tell({"type": "progress", **asdict(event)})
        except OSError as fault:
            raise CannotSave(str(self._directory.path), fault.strerror or "") from fault

    def _held_out(self) -> Iterator[Any]:
        return watched(sealed_documents(self._directory.held_out, self._key), self._look)

    def _look(self) -> None:
        """Ends the job here where it was asked to.

        Raises:
            Stopped: it was.
        """
        if self._stopping():
            raise Stopped(0, 0, kept=True)

    def _waited(self) -> bool:
        """Whether to stop, once nobody wants the GPU for themselves."""
        while self._on_gpu and self._directory.is_asked_to_wait() and not self._stopping():
            time.sleep(NAP)
        return self._stopping()


def measured(model: Path, documents: Iterator[Any], threads: int) -> dict[str, Any]:
    """What a model is worth: `bits_per_character` on documents, and a `sample` of how it writes.

    Raises:
        UserError: it cannot be used.
    """
    from generators.evaluation import evaluate
    from generators.kinds import info_of, load_model
    from generators.places import found
    from generators.writing import Writer

    loaded = load_model(model, info_of(model, found(model).name), threads=threads)
    evaluation = evaluate(loaded, documents)
    writer = Writer(loaded)
    try:
        sample = writer.write(max_tokens=SAMPLE, seed=SEED, cut="…")
    finally:
        writer.close()
    return {"bits_per_character": evaluation["bits_per_character"], "sample": sample}


def failure(fault: Exception) -> dict[str, Any]:
    """What `result.json` says of a job that could not be done: a `reason`, and in English the `sentence` of it."""
    reason = next((reason for kind, reason in REASONS if isinstance(fault, kind)), None)
    if type(fault).__name__ == "OutOfMemoryError":  # torch's own, which is not imported for its name
        reason = "no_memory"
    if reason is None and isinstance(fault, UserError):
        reason = "refused"
    if reason is None:
        traceback.print_exception(fault)  # into the job's log; frames and lines of code, no text
    sentence = str(fault) if isinstance(fault, UserError) else type(fault).__name__
    return {"state": "failed", "reason": reason or "fault", "sentence": sentence}


def uses_gpu() -> bool:
    """Whether this process trains on a GPU."""
    import torch

    return torch.cuda.is_available()


def note_process(directory: JobDirectory) -> None:
    """Leaves what finds this process again: its id, and when it was started, because ids are used again."""
    import psutil

    write_whole(directory.process, {"pid": os.getpid(), "started": psutil.Process().create_time()})


@contextmanager
def asked_to_end() -> Iterator[Callable[[], bool]]:
    """Gives what tells whether SIGTERM has come."""
    asked: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
