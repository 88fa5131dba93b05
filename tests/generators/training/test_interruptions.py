"""Trainings in processes of their own, which the system ends, fills the disk of, or starts twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from generators.training.checkpoints import is_whole, newest_usable
from tests.generators.training.titles import TINY

ROOT: Final = Path(__file__).parents[3]
PATIENCE: Final = 280.0  # seconds; importing torch on a busy machine takes many

pytestmark = pytest.mark.timeout(600)

LONG: Final = {**TINY, "epochs": "12", "checks": "1", "gen_epochs": "0"}
OPTIONS: Final = [word for name, value in LONG.items() for word in (f"--{name.replace('_', '-')}", value)]
KILLED_WHILE_SAVING: Final = """
import os, signal, torch
save, times = torch.save, []
def torn(value, path, *others, **more):
    times.append(path)
    if len(times) < 8:  # two or three files a checkpoint
        return save(value, path, *others, **more)
    open(path, "wb").write(b"PK")
    os.kill(os.getpid(), signal.SIGKILL)
torch.save = torn
"""
SMALL_FILES: Final = """
import resource, signal
from pathlib import Path
from generators.training import checkpoints
from generators.training.progress import Progress
import bot.shell.train as shell
tell = shell._tell
def told(event, *others):
    tell(event, *others)
    if event.phase == "checked" and event.epoch > 2.5:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
shell._tell = told
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def start(titles: Path, home: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `planchette train` of the titles in another process, after a program of the test's own."""
    started: list[subprocess.Popen[str]] = []

    def begin(*options: str, before: str = "") -> subprocess.Popen[str]:
        program = f"import sys; sys.argv[0] = 'planchette'\n{before}\nfrom bot.cli import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", program, "train", str(titles), "--name", "cats", *OPTIONS, *options],
            cwd=ROOT,
            env={**os.environ, "PLANCHETTE_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def work(home: Path) -> Path:
    return home / "models" / ".cats.training"


def wait_for(found: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Waits until something is there, or fails with what the process said."""
    end = time.monotonic() + PATIENCE
    while not found():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def test_twice_at_once_and_sigterm(start: Callable[..., subprocess.Popen[str]], home: Path, work: Path) -> None:
    """A second training of a name is refused; SIGTERM ends the first with a checkpoint and a sentence, unpublished."""
    first = start("--epochs", "2000")
    wait_for(lambda: newest_usable(work), first)
    second = start("--epochs", "2000")
    _, refused = second.communicate(timeout=PATIENCE)
    was_disturbed = first.poll() is not None

    first.terminate()
    _, said = first.communicate(timeout=PATIENCE)

    assert second.returncode == first.returncode == 1
    assert refused.startswith("A model cats is being trained already;")
    assert not was_disturbed
    assert "the same command with --resume goes on from there." in said
    assert not (home / "models" / "cats").exists()
    assert newest_usable(work) is not None


def test_killed_while_saving(start: Callable[..., subprocess.Popen[str]], home: Path, work: Path) -> None:
    """After kill -9 in the middle of a checkpoint, the training goes on from the newest whole one."""
    killed = start(before=KILLED_WHILE_SAVING)
    killed.communicate(timeout=PATIENCE)
    torn = max(work.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    newest = newest_usable(work)

    resumed = start("--resume")
    said, _ = resumed.communicate(timeout=PATIENCE)

    assert killed.returncode == -signal.SIGKILL
    assert newest is not None
    assert newest != torn
    assert resumed.returncode == 0
    assert said.startswith("cats is ready.")
    assert not work.exists()


def test_full_disk(start: Callable[..., subprocess.Popen[str]], home: Path, work: Path) -> None:
    """A checkpoint that cannot be written ends the training in a sentence, and leaves the one before to go on from."""
    process = start(before=SMALL_FILES)
    _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1, said
    assert "The training cannot be saved in" in said
    assert "Traceback" not in said
    assert newest_usable(work) is not None
    assert all(is_whole(path) for path in work.glob("checkpoint-*"))
