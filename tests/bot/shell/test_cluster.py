"""`planchette cluster`, as far as it needs no cluster; the rest is in tests/generators/cluster."""

from __future__ import annotations

import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.bot.shell.conftest import Shell


@pytest.mark.parametrize("command", ["deploy", "status", "delete"])
def test_without_ray(shell: Shell, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Without Ray one sentence says what brings it."""
    monkeypatch.setitem(sys.modules, "ray", None)

    ran = shell("cluster", command)

    assert ran.code == 1
    assert ran.err.splitlines()[-1] == (
        "The cluster needs packages that are not installed; make run EXTRAS=cluster brings them."
    )


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_nobody_there(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no cluster answers, one sentence says what to start."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("PLANCHETTE_CLUSTER__ADDRESS", address)

    ran = shell("cluster", "status")

    assert ran.code == 1
    assert ran.err == (
        f"No Ray cluster answers at {address}; start one with `ray start --head`, or set cluster.address.\n"
    )


def test_others_need_a_key(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that others reach needs a key, as a host does."""
    monkeypatch.setenv("PLANCHETTE_HOST__HOST", "0.0.0.0")

    ran = shell("cluster", "deploy")

    assert ran.code == 1
    assert ran.err == "host.host is 0.0.0.0, which other machines can reach, so host.key has to be set too.\n"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            "[cluster]\nmin_replicas = 4",
            "cluster.max_replicas cannot be 1; it has to be at least min_replicas, 4.",
        ),
        (
            '[[cluster.pools]]\nmodels = ["tales"]\n[[cluster.pools]]\nmodels = ["tales"]',
            "cluster.pools cannot be tales; it has to be in one of them only.",
        ),
        (
            '[[cluster.pools]]\nmodels = ["tales"]\ngpus = "many"',
            "cluster.pools cannot be many (planchette.toml); it has to be "
            "a list of tables [[cluster.pools]] with models and what is other for them.",
        ),
    ],
)
def test_settings_that_do_not_fit(shell: Shell, home: Path, settings: str, sentence: str) -> None:
    """What cannot be deployed is one sentence, before anything is asked of a cluster."""
    home.mkdir()
    (home / "planchette.toml").write_text(settings, "utf-8")

    ran = shell("cluster", "deploy")

    assert ran.code == 1
    assert ran.err == f"{sentence}\n"
