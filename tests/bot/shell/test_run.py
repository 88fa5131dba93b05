"""`planchette run` and `planchette chat`, as real processes."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from bot.configuration import load_configuration
from bot.shell.run import invitation
from tests.crash.program import Program, eventually

PROGRAM = [sys.executable, "-m", "bot.cli"]
MEGABYTE = 1024 * 1024


@pytest.fixture
def program(home: Path) -> Iterator[Program]:
    """The program with its default model loaded."""
    program = Program(home)
    yield program
    if program.running:
        program.kill()


def chat(*lines: str) -> subprocess.CompletedProcess[str]:
    """`planchette chat` with these lines piped in."""
    text = "".join(f"{line}\n" for line in lines)
    return subprocess.run([*PROGRAM, "chat"], input=text, capture_output=True, text=True, timeout=60, check=False)


def test_answers_and_ends(program: Program) -> None:
    """The room answers commands, and SIGTERM ends the program with 0."""
    program.say("Ada", "/help")
    eventually(lambda: any(message["person"] == "planchette" for message in program.messages("Ada")), "help is there")

    assert program.stop() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory means something else elsewhere")
def test_is_light(program: Program) -> None:
    """With the char-RNN loaded the program holds less than 200 MB, and no torch."""
    process = psutil.Process(program.pid)

    program.say("Ada", "/generate length=50 Once upon a time")
    eventually(lambda: any("Once upon" in message["text"] for message in program.messages()), "the text is there")

    assert process.memory_info().rss < 200 * MEGABYTE
    assert not any("libtorch" in mapped.path for mapped in process.memory_maps())


def test_second_bot_is_refused(program: Program, home: Path) -> None:
    """A second bot on the same home is refused in one sentence; other commands work beside the first."""
    second = chat("/help")

    assert second.returncode == 1
    assert second.stderr.startswith(f"Another Planchette runs with the home {home};")
    assert len(second.stderr.splitlines()) == 1
    beside = subprocess.run([*PROGRAM, "models", "list"], capture_output=True, text=True, timeout=60, check=False)
    assert beside.returncode == 0
    assert program.client.get("/health").status_code == httpx.codes.OK


def test_port_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that another program has is named, with the setting that chooses another."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("PLANCHETTE_WEB__PORT", str(server.getsockname()[1]))

        done = subprocess.run([*PROGRAM, "run"], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert "is in use by another program; set web.port" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any platform the program says what to set up."""
    monkeypatch.setenv("PLANCHETTE_WEB__ENABLED", "false")

    done = subprocess.run([*PROGRAM, "run"], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("No platform is set up;")


def test_chat_reads_lines() -> None:
    """`chat` answers what is piped in, and ends with the input."""
    done = chat("/generate seed=1 length=20 Once upon a time")

    assert done.returncode == 0, done.stderr
    assert "Once upon a time" in done.stdout
    assert done.stderr == ""


def test_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that is not allowed ends every command with one sentence."""
    monkeypatch.setenv("PLANCHETTE_WEB__PORT", "many")

    done = chat("/help")

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "web.port" in done.stderr


@pytest.mark.parametrize(
    ("environment", "tunnel"),
    [
        ({"DISPLAY": ":0"}, False),
        ({"WAYLAND_DISPLAY": "wayland-0"}, False),
        ({"DISPLAY": ":10", "SSH_CONNECTION": "192.0.2.1 50000 192.0.2.7 22"}, True),
    ],
)
def test_invitation(environment: dict[str, str], tunnel: bool) -> None:
    """Where nobody sits at the machine, the way in from another one is shown beside the address."""
    lines = invitation(load_configuration(), "http://127.0.0.1:8477", 8477, environment)

    assert "http://127.0.0.1:8477" in lines[0]
    assert [line.endswith("@192.0.2.7") and "ssh -L 8477:127.0.0.1:8477 " in line for line in lines[1:]] == [
        True
    ] * tunnel


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have a screen without saying so")
def test_invitation_without_screen() -> None:
    """A machine without a display gets the way in, too."""
    lines = invitation(load_configuration(), "http://127.0.0.1:8477", 8477, {})

    assert "ssh -L 8477:127.0.0.1:8477 " in lines[1]
