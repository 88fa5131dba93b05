"""How a command ends that could not be done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.cli import app
from bot.shell.faults import Shell
from generators.errors import Busy, ModelFailed
from storage.errors import DatabaseFull

PROGRAM = [sys.executable, "-m", "bot.cli"]


def failing(fault: BaseException) -> typer.Typer:
    """A shell whose one command fails."""
    app = typer.Typer(cls=Shell)

    @app.command()
    def fail() -> None:
        raise fault

    @app.callback()
    def _options() -> None:
        pass

    return app


def test_a_model_that_fails() -> None:
    """A model that breaks while it writes is one sentence that names it."""
    ended = CliRunner().invoke(failing(ModelFailed("tales: its answer is NaN; import or train it again")), ["fail"])

    assert ended.exit_code == 1
    assert ended.stderr == "The model failed while it wrote: tales: its answer is NaN; import or train it again.\n"


@pytest.mark.parametrize(
    "fault", [Busy(3), DatabaseFull("home.db", ""), ExceptionGroup("both", [Busy(3), Busy(4)])], ids=type
)
def test_sentence(fault: Exception) -> None:
    """What the person can mend is one sentence on stderr and exit code 1."""
    done = CliRunner().invoke(failing(fault), ["fail"])

    assert (done.exit_code, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1


def test_fault_of_ours_is_logged(home: Path) -> None:
    """A fault of ours says where its details are, and shows no traceback."""
    done = CliRunner().invoke(failing(KeyError("lost")), ["fail"])

    assert done.exit_code == 1
    assert done.stderr == f"Something is wrong inside Planchette (KeyError); the details are in {home}/faults.log.\n"
    assert "KeyError: 'lost'" in (home / "faults.log").read_text("utf-8")


def test_debugging(monkeypatch: pytest.MonkeyPatch) -> None:
    """PLANCHETTE_DEBUG shows the traceback instead."""
    monkeypatch.setenv("PLANCHETTE_DEBUG", "1")

    done = CliRunner().invoke(failing(KeyError("lost")), ["fail"])

    assert isinstance(done.exception, KeyError)


@pytest.mark.parametrize("arguments", [["frobnicate"], ["generate", "--nonsense"], ["next", "--top", "few"], ["train"]])
def test_wrong_usage(arguments: list[str]) -> None:
    """Wrong usage is exit code 2, with a hint on stderr."""
    done = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage:" in done.stderr


def test_no_such_choice() -> None:
    """An option's choices are named in a sentence of ours."""
    done = subprocess.run(
        [*PROGRAM, "write", "--unit", "paragraph"], capture_output=True, text=True, timeout=60, check=False
    )

    assert "Invalid value for '--unit': 'paragraph' is not one of 'token', 'word'." in done.stderr


def test_interrupt_is_quiet() -> None:
    """Ctrl-C ends a command with 130 and without a word."""
    running = subprocess.Popen(
        [*PROGRAM, "generate", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
    )
    assert running.stdin is not None
    running.stdin.write(b"Once " * 20_000)  # more than a pipe holds: when it is written, the command is reading
    running.stdin.flush()
    running.send_signal(signal.SIGINT)

    out, err = running.communicate(timeout=60)

    assert (running.returncode, out, err) == (130, b"", b"")


def test_closed_pipe_is_quiet() -> None:
    """A reader that has had enough, such as `head`, ends the command without a word."""
    read, write = os.pipe()
    os.close(read)

    done = subprocess.run([*PROGRAM, "recipes"], stdout=write, stderr=subprocess.PIPE, timeout=60, check=False)

    os.close(write)
    assert done.stderr == b""
    assert done.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
@pytest.mark.parametrize(
    "line", ["recipes", "next x", "doctor", "models list --json", "--help", "recipes --help", "--version"]
)
@pytest.mark.parametrize(("where", "reason"), [("/dev/full", "No space left on device"), ("&-", "it is closed")])
def test_output_that_cannot_be_written(line: str, where: str, reason: str) -> None:
    """A result that does not arrive is said in one sentence, and the command has failed."""
    command = f"{sys.executable} -m bot.cli {line} >{where}"

    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (1, f"The output cannot be written: {reason}.\n")


def test_nowhere_to_tell() -> None:
    """Without a stderr a command does its work, and its exit code tells what became of it."""
    good, bad = (
        subprocess.run(
            ["sh", "-c", f"{sys.executable} -m bot.cli {line} 2>&-"], capture_output=True, timeout=60, check=False
        )
        for line in ("next x --top 1", "next x --top -1")
    )

    assert (good.returncode, bad.returncode) == (0, 1)
    assert b"%" in good.stdout


def test_summaries_are_whole() -> None:
    """No summary in the lists of commands is cut."""
    for arguments in ("--help", "models --help"):
        listed = CliRunner().invoke(app, arguments.split()).stdout

        assert "..." not in listed.partition("Commands:")[2]
