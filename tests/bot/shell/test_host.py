"""`planchette host`."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.configuration import load_configuration
from bot.generation import generators_of, hosted_generators
from bot.shell.health import healthy
from bot.shell.host import invitation
from bot.visibility import is_a_channels
from generators.completion import CompletionRequest, Piece
from generators.errors import UnknownModel
from generators.host.tuned import Tuned
from generators.host.tuning_asked import TuningAsked
from generators.remote.errors import HostAway
from generators.remote.generator import RemoteGenerator
from tests.bot.shell.conftest import Shell
from tests.crash.program import eventually
from tests.fakes.certificates import Authority
from tests.fakes.models import save_tiny

PROGRAM = [sys.executable, "-m", "bot.cli", "host", "--port", "0"]


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The program as a host with a key in a file, and the address that it tells."""
    key = tmp_path / "host.key"
    key.write_text("a secret\n", "utf-8")
    monkeypatch.setenv("PLANCHETTE_HOST__KEY_FILE", str(key))
    with subprocess.Popen(PROGRAM, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        yield line.split()[5], program
        program.kill()


async def test_serves_until_it_is_told(served: tuple[str, subprocess.Popen[str]]) -> None:
    """The shipped model can be asked for at the address that the program tells, and SIGTERM ends it with 0."""
    url, program = served
    remote = RemoteGenerator(url, "a secret")

    request = CompletionRequest(model="remote:charrnn", prompt="Once", max_tokens=10, seed=1)
    async with remote.complete(request) as events:
        pieces = [event async for event in events if isinstance(event, Piece)]
    await remote.close()
    eventually(lambda: httpx.get(url.replace("/v1", "/health"), trust_env=False).status_code == 200, "it is ready")
    program.terminate()

    assert len(pieces) == 10
    assert program.wait(20) == 0


def test_others_need_a_key(shell: Shell) -> None:
    """An address that others reach needs a key; one sentence says which, and nothing is started."""
    ran = shell("host", "--host", "0.0.0.0", "--port", "0")

    assert ran.code == 1
    assert ran.err == "host.host is 0.0.0.0, which other machines can reach, so host.key has to be set too.\n"


def test_home_that_cannot_be_made(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home where nothing can be made is one sentence."""
    monkeypatch.setenv("PLANCHETTE_HOME", "/proc/nowhere")

    ran = shell("host", "--port", "0")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("The home /proc/nowhere cannot be used: ")


def test_the_rooms_key_is_none_of_its_business(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A room that would be open to others does not keep the host from starting: it is refused for its own port."""
    monkeypatch.setenv("PLANCHETTE_WEB__HOST", "0.0.0.0")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ran = shell("host", "--port", str(port))

    assert ran.code == 1
    assert ran.err == (
        f"Port {port} on 127.0.0.1 is in use by another program; "
        "set host.port (PLANCHETTE_HOST__PORT) to another port.\n"
    )


def test_https(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a certificate the program serves HTTPS, and a doctor elsewhere says what its bot has to believe."""
    authority = Authority(tmp_path)
    certificate, key = authority.certificate("127.0.0.1")
    monkeypatch.setenv("PLANCHETTE_HOST__CERTIFICATE", str(certificate))
    monkeypatch.setenv("PLANCHETTE_HOST__CERTIFICATE_KEY", str(key))
    with subprocess.Popen(PROGRAM, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
        assert program.stdout is not None
        url = program.stdout.readline().split()[5]
        monkeypatch.setenv("PLANCHETTE_REMOTE__URL", url)
        monkeypatch.setenv("PLANCHETTE_MODELS__DEFAULT", "remote:charrnn")

        stranger = shell("doctor")
        monkeypatch.setenv("PLANCHETTE_REMOTE__CA", str(authority.path))
        friend = shell("doctor")

        port = url.rpartition(":")[2].removesuffix("/v1")
        eventually(lambda: healthy({"PLANCHETTE_HOST__PORT": port}), "its container is healthy")
        program.kill()
    assert url.startswith("https://127.0.0.1:")
    assert stranger.code == 1
    assert "is refused (unable to get local issuer certificate); whoever runs the bot has to look at" in stranger.out
    assert "✓ default model: remote:charrnn writes." in friend.out
    assert "✓ certificate: " in friend.out


def test_an_unusable_certificate(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that cannot be used, or is over, is one sentence, of the doctor too, and nothing is started."""
    authority = Authority(tmp_path)
    (_, key), (old, old_key) = authority.certificate("a.example"), authority.certificate("b.example", days=-1)
    monkeypatch.setenv("PLANCHETTE_HOST__CERTIFICATE_KEY", str(key))

    lonely = shell("host", "--port", "0")
    monkeypatch.setenv("PLANCHETTE_HOST__CERTIFICATE", str(old))
    mixed, told = shell("host", "--port", "0"), shell("doctor")
    monkeypatch.setenv("PLANCHETTE_HOST__CERTIFICATE_KEY", str(old_key))
    over = shell("doctor")

    assert lonely.err == f"{key} is the key of no certificate; set host.certificate too.\n"
    assert mixed.err == f"{key} holds another key than that of {old}; set host.certificate_key to its own.\n"
    assert (lonely.code, mixed.code, told.code) == (1, 1, 1)
    assert f"✗ certificate: {mixed.err}" in told.out
    assert f"✗ certificate: {old} has been over since" in over.out


async def test_a_host_does_not_ask_itself(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host serves what it has itself, also where the same settings name its address for a bot."""
    monkeypatch.setenv("PLANCHETTE_REMOTE__URL", "http://127.0.0.1:1")
    configuration = load_configuration()
    bot, host = generators_of(configuration), hosted_generators(configuration)

    with pytest.raises(HostAway):
        await bot.load("remote:charrnn")
    with pytest.raises(UnknownModel):
        await host.load("remote:charrnn")

    await bot.close()
    await host.close()


async def test_channels_models(home: Path) -> None:
    """A host serves no model that a channel of the same home has made, and trains none: another's may be asking."""
    save_tiny(home / "models" / "tales" / "1")
    save_tiny(home / "models" / "discord-5" / "1")
    (home / "models" / "discord-5" / "planchette.json").write_text('{"place": "discord:5", "guild": "discord:77"}')
    host = hosted_generators(load_configuration())
    tuned = Tuned(home / "models", home / "hosting", is_a_channels)

    listed = [info.name for info in await host.models()]
    with pytest.raises(UnknownModel):
        await host.load("discord-5@1")
    with pytest.raises(UnknownModel):
        tuned.plan(TuningAsked(model="discord-5", training_file="file-1"), 1)
    await host.close()

    assert "tales" in listed
    assert "discord-5" not in listed


@pytest.mark.parametrize(
    ("address", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("gpu.lan", "gpu.lan"), ("0.0.0.0", socket.gethostname())],
)
def test_invitation(address: str, shown: str) -> None:
    """The program says what to set where the bot runs."""
    assert f"http://{shown}:8478/v1 " in invitation(address, 8478)
    assert f"https://{shown}:8478/v1 " in invitation(address, 8478, secure=True)
