"""From settings to what is deployed on a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.configuration import load_configuration
from bot.deployment import plan_of
from bot.visibility import is_a_channels
from generators.cluster.plan import Pool

SETTINGS = """
threads = 3

[host]
host = "0.0.0.0"
port = 9000
key = "a secret"

[cluster]
min_replicas = 2
max_replicas = 6
gpus = 0.5
training_gpus = 1
training_retries = 5

[[cluster.pools]]
models = ["tales", "gpt2-0.1"]
max_replicas = 9
cpus = 4
"""


def test_all_of_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is set arrives; a pool has the cluster's values where it has none."""
    home.mkdir()
    (home / "planchette.toml").write_text(SETTINGS, "utf-8")
    monkeypatch.setenv("PLANCHETTE_REMOTE__URL", "http://127.0.0.1:1")
    monkeypatch.setenv("PLANCHETTE_HOST__CERTIFICATE", str(home / "host.pem"))

    plan = plan_of(load_configuration(), "tales")

    assert plan.pools == (
        Pool(name="models", min_replicas=2, max_replicas=6, gpus=0.5),
        Pool(name="models-1", models=("tales", "gpt2-0.1"), min_replicas=2, max_replicas=9, cpus=4, gpus=0.5),
    )
    assert (plan.host, plan.port, plan.keys, plan.default) == ("0.0.0.0", 9000, ("a secret",), "tales")
    assert plan.training is not None
    assert (plan.training.folder, plan.training.gpus, plan.training.retries) == (home / "hosting", 1.0, 5)
    assert (plan.settings.models, plan.settings.threads) == (home / "models", 3)
    assert (plan.settings.remote_url, plan.settings.hides) == (None, is_a_channels)
    assert (plan.certificate, plan.certificate_key) == (home / "host.pem", None)
    assert plan.runtime_env == {"env_vars": {"PLANCHETTE_HOME": str(home)}}


def test_threads(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica's models take the processors that are kept for it, and no others'."""
    monkeypatch.setenv("PLANCHETTE_CLUSTER__CPUS", "2.5")

    assert plan_of(load_configuration(), None).settings.threads == 2
