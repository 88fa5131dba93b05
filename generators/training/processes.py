"""The processes of trainings: started so that they outlive who started them, found again, and ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Final

from generators.training.job_directory import JobDirectory, read_object

GRACE: Final = 20.0  # seconds for a process to end by itself
LOOK: Final = 0.05  # seconds between two looks at whether it has
SAME: Final = 0.1  # seconds; the same start may be told in other roundings
OURS: Final = "PLANCHETTE_"  # how variables begin that hold our settings …
HOME: Final = "PLANCHETTE_HOME"  # … of which a job needs this one alone: where an adapter finds its base


class Processes:
    """Jobs as processes of this machine."""

    def __init__(self) -> None:
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, directory: JobDirectory, key: bytes, threads: int) -> None:
        """Starts a process in a session of its own, so that the end of this one is not its end.

        Raises:
            OSError: the system refuses it.
        """
        with directory.log.open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "generators.training.job", str(directory.path)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**_without_secrets(), "OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false"},
            )
        assert child.stdin is not None
        try:
            with child.stdin as pipe:
                pipe.write(f"{key.hex()}\n".encode())
        except BrokenPipeError:  # it has ended already, which is looked at as at any other time
            pass
        self._children[directory.path.name] = child

    def is_alive(self, directory: JobDirectory) -> bool:
        """Whether the job's process runs, be it ours or one that an earlier process like this one started."""
        child = self._children.get(directory.path.name)
        if child is not None and child.poll() is None:
            return True
        self._children.pop(directory.path.name, None)  # it may have ended because another one was in the job already
        return _found(directory) is not None

    def stop(self, directory: JobDirectory) -> None:
        """Asks the process to end, and ends it where it does not; it takes seconds."""
        for end in ("terminate", "kill"):
            if not self.is_alive(directory):
                break
            self._signal(directory, end)
            until = time.monotonic() + GRACE
            while self.is_alive(directory) and time.monotonic() < until:
                time.sleep(LOOK)
        self._children.pop(directory.path.name, None)

    def _signal(self, directory: JobDirectory, name: str) -> None:
        import psutil

        process = self._children.get(directory.path.name) or _found(directory)
        try:
            getattr(process, name)()
        except (AttributeError, ProcessLookupError, psutil.NoSuchProcess):
            return


def _without_secrets() -> dict[str, str]:
    """The environment, but for what a training never needs to know: the vault's key, tokens, the database's address."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(OURS) or name == HOME}


def _found(directory: JobDirectory) -> psutil.Process | None:  # type: ignore[name-defined]  # noqa: F821
    """The process that the job's directory names, if it is the one that was started then."""
    import psutil

    told = read_object(directory.process)
    try:
        process = psutil.Process(int(told["pid"]))
        same = abs(process.create_time() - float(told["started"])) < SAME
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (KeyError, TypeError, ValueError, psutil.Error):
        return None
