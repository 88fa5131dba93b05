"""What carries trainings out without training: a model is there as soon as a test says so."""

from __future__ import annotations

from typing import Any

from generators.training.job_directory import JobDirectory
from tests.fakes.models import save_tiny


class FakeRunner:
    """Keeps jobs until a test ends them.

    Attributes:
        started: how often each was started, by its id.
        alive: ids of those that run.
    """

    def __init__(self) -> None:
        self.started: dict[str, int] = {}
        self.alive: dict[str, JobDirectory] = {}

    def start(self, directory: JobDirectory, key: bytes, threads: int) -> None:
        """Notes it."""
        del key, threads
        self.started[directory.path.name] = self.started.get(directory.path.name, 0) + 1
        self.alive[directory.path.name] = directory

    def is_alive(self, directory: JobDirectory) -> bool:
        """Whether nobody has ended it."""
        return directory.path.name in self.alive

    def stop(self, directory: JobDirectory) -> None:
        """Forgets it."""
        self.alive.pop(directory.path.name, None)

    def kill(self) -> None:
        """The system ends all of them."""
        self.alive.clear()

    def tell(self, event: dict[str, Any]) -> None:
        """All of them tell something."""
        for directory in self.alive.values():
            directory.tell(event)

    def finish(self, *, after: float, before: float = 4.0, share: float = 0.0, version: str = "abc") -> None:
        """All of them have made a model of these bits per character."""
        for directory in list(self.alive.values()):
            name = directory.read_plan()["name"]
            made = save_tiny(directory.output(name) / version, seed=1, name=name, version=version)
            measures = {"bits_per_character": before, "sample": "once upon a time"}
            directory.finish(
                {
                    "state": "done",
                    "name": name,
                    "version": version,
                    "directory": str(made.relative_to(directory.path)),
                    "before": measures,
                    "current": measures,
                    "after": {"bits_per_character": after, "sample": "hello there"},
                    "memorisation": {"share": share},
                }
            )
        self.kill()

    def fail(self, reason: str) -> None:
        """All of them end without one."""
        for directory in self.alive.values():
            directory.finish({"state": "failed", "reason": reason, "sentence": "It cannot be."})
        self.kill()
