"""The shell as a person has it: a command line in, an exit code and two streams out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest
from typer.testing import CliRunner

from bot.cli import app


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its JSON lines; fails where stdout holds anything else."""
        return [json.loads(line) for line in self.out.splitlines()]


Shell: TypeAlias = Callable[..., Ran]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Runs `planchette` with arguments; the small model is its default, also where torch is installed."""
    monkeypatch.setenv("PLANCHETTE_MODELS__DEFAULT", "charrnn")

    def run(*arguments: str, input: str | bytes | None = None) -> Ran:  # noqa: A002  # CliRunner's name
        done = CliRunner().invoke(app, list(arguments), input=input)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(done.exit_code, done.stdout, done.stderr)

    return run
