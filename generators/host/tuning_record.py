"""A fine-tuning job as the host keeps it on disk, and as OpenAI's API tells of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from generators.host.uploads import PRIVATE
from generators.training.job_directory import JobDirectory, read_object, write_whole
from generators.wire import FIELD, Json

FILE: Final = "job.json"
LEFT: Final = (FILE, "events.jsonl", "result.json", "log")  # of a job that is over
OPEN: Final = ("queued", "running")
SENTENCES: Final[Mapping[str, str]] = {  # of what ends a job, but for what its own sentence says
    "no_room": "The host's disk is full.",
    "no_memory": "The host has too little memory for this model; a smaller one may fit.",
    "diverged": "The training went astray; fewer epochs may help.",
    "no_text": "Too little text was left to learn from.",
    "killed": "The training was ended from outside, twice at the same point; memory is the usual reason.",
    "restarted": "The host was started again, and the text, whose key went with the earlier process, is deleted; "
    "upload it again.",
    "fault": "The training failed; the log of its host says why.",
}


@dataclass(slots=True)
class Record:
    """A job.

    Attributes:
        id: by which the API names it.
        base: `NAME@VERSION` of what it goes on from, and `model` what was asked for.
        name: of the model that it makes.
        file: id of the upload.
        epochs: passes over the text; None for as many as suit the recipe.
        created, started, finished: seconds since 1970.
        status: in OpenAI's words.
        version: of the model that was made.
        code, reason: why it failed.
        outcome: how it ended, as its process told it.
        revived: the step at which its process was last started again.
    """

    id: str
    model: str
    base: str
    name: str
    file: str
    epochs: float | None
    created: int
    seed: int = 0
    metadata: dict[str, str] = field(default_factory=dict)
    status: str = "queued"
    started: int | None = None
    finished: int | None = None
    version: str | None = None
    code: str | None = None
    reason: str | None = None
    outcome: dict[str, Any] = field(default_factory=dict)
    revived: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.status in OPEN

    def keep(self, directory: Path) -> None:
        """Writes it into its directory.

        Raises:
            OSError: the disk is full.
        """
        write_whole(directory / FILE, asdict(self))

    def lay_out(self, directory: JobDirectory, plan: dict[str, Any], file: Path) -> None:
        """Writes all that the job begins with: its text, its plan and itself; or nothing.

        Args:
            file: the text, which may be deleted later, or be another job's, too.

        Raises:
            OSError: the file is gone, or the disk is full.
        """
        directory.path.mkdir(mode=PRIVATE)
        try:
            os.link(file, directory.corpus)
            directory.create(plan)
            self.keep(directory.path)
        except OSError:
            directory.remove()
            raise

    @classmethod
    def read(cls, directory: Path) -> Record | None:
        """The one that a directory keeps; None where there is none, or it is of another version."""
        told = read_object(directory / FILE)
        known = {each.name for each in fields(cls)}
        try:
            return cls(**{name: value for name, value in told.items() if name in known})
        except TypeError:
            return None

    def told(self) -> Json:
        """The same as OpenAI's job object, with what its process told of it beside."""
        error = None if self.code is None else {"code": self.code, "message": self.reason, "param": None}
        hyperparameters = {"n_epochs": self.epochs or "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}
        return {
            "id": self.id,
            "object": "fine_tuning.job",
            "created_at": self.created,
            "finished_at": self.finished,
            "estimated_finish": None,
            "model": self.model,
            "fine_tuned_model": self.name if self.status == "succeeded" else None,
            "organization_id": "planchette",
            "result_files": [],
            "status": self.status,
            "training_file": self.file,
            "validation_file": None,
            "trained_tokens": None,
            "seed": self.seed,
            "metadata": self.metadata,
            "error": error,
            "hyperparameters": hyperparameters,
            "method": {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
            FIELD: {"base": self.base, "outcome": self.outcome},
        }


def wipe(directory: JobDirectory) -> None:
    """Deletes all of a job that is over but what can still be told of it."""
    directory.forget()
    for path in directory.path.iterdir():
        if path.name not in LEFT:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def events_of(record: Record, directory: JobDirectory) -> list[Json]:
    """What a job has told, in order, as OpenAI's events; `data` has each as its process told it."""
    told, _ = directory.told()
    return [
        {
            "id": f"ftevent-{record.id.removeprefix('ftjob-')}-{number}",
            "object": "fine_tuning.job.event",
            "created_at": _seconds(event.get("at"), record.created),
            "level": "info",
            "message": _sentence(event),
            "type": "metrics" if event.get("type") in ("progress", "measured") else "message",
            "data": event,
        }
        for number, event in enumerate(told)
    ]


def _seconds(at: object, otherwise: int) -> int:
    try:
        return int(datetime.fromisoformat(str(at)).timestamp())
    except ValueError:
        return otherwise


def _sentence(event: Mapping[str, Any]) -> str:
    match event.get("type"):
        case "preparing":
            return "The text is being read."
        case "measuring":
            return "A model is being measured on the text that is held out."
        case "measured":
            return f"It has {event['bits_per_character']:.3f} bits per character on the text that is held out."
        case "progress" if event.get("phase") == "checked" and event.get("bits_per_character") is not None:
            bits = f"{event['bits_per_character']:.3f} bits per character held out"
            return f"checked: step {event.get('step')} of {event.get('of')}, {bits}."
        case "progress":
            return f"{event.get('phase')}: step {event.get('step')} of {event.get('of')}."
        case "checking":
            return "What the model has learnt by heart is being looked for."
        case "done":
            return "The model is trained."
    return str(event.get("type"))
