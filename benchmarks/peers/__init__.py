"""Other projects, each in a virtual environment of its own, asked over its standard input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent.parent / ".venv-peers"


def python_of(peer: str, packages: Sequence[str]) -> Path:
    """The Python of a peer's own environment, made at first use; ours where it needs no further packages."""
    if not packages:
        return Path(sys.executable)
    directory = ENVIRONMENTS / peer
    python = directory / "bin" / "python"
    ready = directory / "ready"
    if not ready.exists():
        print(f"installing {' '.join(packages)} for the peer {peer}", file=sys.stderr)
        venv.create(directory, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        ready.touch()
    return python


class Peer:
    """A peer's process: one question a line, one answer a line."""

    def __init__(self, name: str, script: str, packages: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [python_of(name, packages), HERE / script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )

    def ask(self, **question: object) -> dict[str, float]:
        """The peer's answer to one question."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the peer ended without an answer; what it printed stands above")
        answer: dict[str, float] = json.loads(line)
        return answer

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(timeout=30)
