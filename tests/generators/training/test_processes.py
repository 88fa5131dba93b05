"""Processes of trainings, which outlive who started them."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from generators.training.job import note_process
from generators.training.job_directory import JobDirectory
from generators.training.processes import Processes
from tests.patience import PATIENCE


def child_in(directory: JobDirectory) -> psutil.Process:
    """The process that was started for a job; other tests leave children of their own."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for child in psutil.Process().children():
            if str(directory.path) in command_of(child):
                return child
    raise AssertionError(f"no process for {directory.path}")


def command_of(process: psutil.Process) -> list[str]:
    """Its command line; that of one that has ended is empty."""
    try:
        return process.cmdline()
    except psutil.ZombieProcess:
        return []


@pytest.mark.timeout(120)
def test_a_second_process(tmp_path: Path) -> None:
    """A process that finds another one in its job leaves at once, and the job is still carried out by the other."""
    directory, processes = JobDirectory(tmp_path / "job"), Processes()
    directory.create({"name": "tales"})

    with directory.held():  # here, in place of a process that an earlier bot started
        note_process(directory)
        processes.start(directory, bytes(32), 1)
        second = child_in(directory)
        until = time.monotonic() + PATIENCE
        while second.status() != psutil.STATUS_ZOMBIE and time.monotonic() < until:
            time.sleep(0.05)

        assert processes.is_alive(directory)


def test_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training's process knows no key, token or address of the bot's, and still where the models lie."""
    monkeypatch.setenv("PLANCHETTE_VAULT__KEY", "a secret")
    monkeypatch.setenv("planchette_telegram__token", "a secret")
    monkeypatch.setenv("PLANCHETTE_HOME", str(tmp_path))
    directory, processes = JobDirectory(tmp_path / "job"), Processes()
    directory.create({"name": "tales"})

    with directory.held():
        processes.start(directory, bytes(32), 1)
        process = child_in(directory)
        known = process.environ()
        processes.stop(directory)

    assert "a secret" not in known.values()
    assert known["PLANCHETTE_HOME"] == str(tmp_path)
    assert known["OMP_NUM_THREADS"] == "1"
