"""What carries out trainings, wherever that is."""

from __future__ import annotations

from typing import Protocol

from generators.training.job_directory import JobDirectory


class Runner(Protocol):
    """What carries out jobs; it keeps `events.jsonl` and `result.json` of a job's directory."""

    def start(self, directory: JobDirectory, key: bytes, threads: int) -> None:
        """Begins a job, or goes on with one."""
        ...

    def is_alive(self, directory: JobDirectory) -> bool:
        """Whether the job is being carried out."""
        ...

    def stop(self, directory: JobDirectory) -> None:
        """Ends it, and returns when it has ended.

        Raises:
            UserError: it cannot be ended now; what is in the directory is needed to try again.
        """
        ...
