"""Trainings in processes of their own, which the system ends, fills the disk of, or starts twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from generators.training.checkpoints import is_whole, newest_usable
from tests.generators.training.titles import TINY

PATIENCE: Final = 280.0  # seconds; importing torch on a busy machine takes many

pytestmark = pytest.mark.timeout(600)

LONG: Final = {"epochs": "12", "checks": "1", "gen_epochs": "0", "patience": "0"}
SIZES: Final = {
    "charrnn": {**TINY, **LONG},
    "gpt2": {
        "recipe": "gpt2",
        "vocabulary_size": "300",
        "layers": "1",
        "heads": "1",
        "width": "8",
        "window": "32",
        **LONG,
    },
}
KILLED_WHILE_SAVING: Final = """
import os, signal, torch
save, times = torch.save, []
def torn(value, path, *others, **more):
    times.append(path)
    if len(times) < 8:  # two or three files a checkpoint, whatever the model
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


def planchette(arguments: list[str], home: Path, before: str, out: Path, err: Path) -> None:
    """The shell's program in a process of its own, after a program of the test's own."""
    os.environ["PLANCHETTE_HOME"] = str(home)
    for descriptor, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    sys.argv = ["planchette", *arguments]
    exec(before, {})
    from bot.cli import main

    main()


class Training:
    """`planchette train` in another process, forked from one that has imported torch once for all of them.

    Args:
        arguments: after `planchette`.
        home: its PLANCHETTE_HOME.
        before: a program that runs first.
        output: where its stdout and stderr are kept.
    """

    def __init__(self, arguments: list[str], home: Path, before: str, output: Path) -> None:
        self._files = output.with_suffix(".out"), output.with_suffix(".err")
        forks = multiprocessing.get_context("forkserver")
        forks.set_forkserver_preload(
            ["generators.training.run", "generators.training.charrnn", "generators.training.gpt2", "bot.shell.train"]
        )
        self._process = forks.Process(target=planchette, args=(arguments, home, before, *self._files))
        self._process.start()

    @property
    def exit_code(self) -> int | None:
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def ended(self) -> tuple[str, str]:
        """What it wrote to stdout and stderr, once it has ended."""
        self._process.join(PATIENCE)
        assert self.exit_code is not None
        return self.said()

    def said(self) -> tuple[str, str]:
        out, err = (path.read_text("utf-8") for path in self._files)
        return out, err


Start: TypeAlias = Callable[..., Training]


@pytest.fixture(params=SIZES)
def start(titles: Path, home: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Start]:
    """Starts `planchette train` of the titles in another process."""
    started: list[Training] = []
    sizes = SIZES[request.param].items()
    given = [word for name, value in sizes for word in (f"--{name.replace('_', '-')}", value)]

    def begin(*options: str, before: str = "") -> Training:
        arguments = ["train", str(titles), "--name", "cats", *given, *options]
        started.append(Training(arguments, home, before, tmp_path / f"said{len(started)}"))
        return started[-1]

    yield begin
    for training in started:
        training.kill()


@pytest.fixture
def work(home: Path) -> Path:
    return home / "models" / ".cats.training"


def wait_for(found: Callable[[], object], training: Training) -> None:
    """Waits until something is there, or fails with what the process said."""
    end = time.monotonic() + PATIENCE
    while not found():
        assert training.exit_code is None, training.said()
        assert time.monotonic() < end
        time.sleep(0.02)


def test_twice_at_once_and_sigterm(start: Start, home: Path, work: Path) -> None:
    """A second training of a name is refused; SIGTERM ends the first with a checkpoint and a sentence, unpublished."""
    first = start("--epochs", "2000")
    wait_for(lambda: newest_usable(work), first)
    second = start("--epochs", "2000")
    _, refused = second.ended()
    was_disturbed = first.exit_code is not None

    first.terminate()
    _, said = first.ended()

    assert second.exit_code == first.exit_code == 1
    assert refused.startswith("A model cats is being trained already;")
    assert not was_disturbed
    assert "the same command with --resume goes on from there." in said
    assert not (home / "models" / "cats").exists()
    assert newest_usable(work) is not None


def test_killed_while_saving(start: Start, home: Path, work: Path) -> None:
    """After kill -9 in the middle of a checkpoint, the training goes on from the newest whole one."""
    killed = start(before=KILLED_WHILE_SAVING)
    killed.ended()
    torn = max(work.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    newest = newest_usable(work)

    resumed = start("--resume")
    said, _ = resumed.ended()

    assert killed.exit_code == -signal.SIGKILL
    assert newest is not None
    assert newest != torn
    assert resumed.exit_code == 0
    assert said.startswith("cats is ready.")
    assert not work.exists()


def test_full_disk(start: Start, home: Path, work: Path) -> None:
    """A checkpoint that cannot be written ends the training in a sentence, and leaves the one before to go on from."""
    process = start(before=SMALL_FILES)
    _, said = process.ended()

    assert process.exit_code == 1, said
    assert "The training cannot be saved in" in said
    assert "Traceback" not in said
    assert newest_usable(work) is not None
    assert all(is_whole(path) for path in work.glob("checkpoint-*"))
