"""Two programs over one PostgreSQL database."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from storage.schema import metadata
from tests.crash.program import ROOT, Program, eventually
from tests.storage.conftest import _command
from tests.storage.conftest import postgres as postgres

KEY: Final = "a key of this test's own that is longer than thirty-two characters"


@pytest.fixture
def homes(postgres: Callable[[str], str], tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two homes with the same settings."""
    url = postgres("migrated")
    found = tmp_path / "one", tmp_path / "another"
    for home in found:
        home.mkdir()
        settings = f'[database]\nurl = "{url}"\n[vault]\nkey = "{KEY}"\n'
        (home / "planchette.toml").write_text(settings)
    yield found
    asyncio.run(_command(url, *(f"DELETE FROM {table}" for table in reversed(metadata.sorted_tables))))


def refused(home: Path) -> str:
    """What a program says that does not start."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLANCHETTE_")}
    environment |= {"PLANCHETTE_HOME": str(home), "PLANCHETTE_WEB__PORT": "0"}
    command = [sys.executable, "-m", "bot.cli", "run"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    return done.stderr


@pytest.mark.timeout(300)
def test_what_the_dead_had(homes: tuple[Path, Path]) -> None:
    """A second program is refused while the first runs, and goes on with its rounds once that was killed."""
    one, another = homes
    first = Program(one)
    first.say("Ada", "/story start seconds=600 Once upon a time")
    eventually(lambda: first.ballot() is not None, "the ballot is there")
    before = first.candidate()

    said = refused(another)

    assert said.endswith(
        "has the room in the browser already; stop that one, or set web.enabled = false in the settings of this one.\n"
    )
    (sentence,) = [line for line in said.splitlines() if "[warning" not in line]  # what the log says before
    assert sentence.startswith("Another process on the database ")
    first.kill()
    second = Program(another)
    eventually(lambda: second.candidate() == before, "the round goes on")
    assert second.stop() == 0
