"""A cluster of this machine alone, on which `planchette cluster deploy` has been run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.crash.program import ROOT, eventually
from tests.fakes.models import save_tiny

KEY: Final = "a secret"
PATIENCE: Final = 280.0  # seconds; a dozen processes are started, each of which imports Ray
REPLICAS: Final = 2
SETTINGS: Final = """
[models]
default = "charrnn"

[host]
port = {port}
key = "{key}"

[cluster]
address = "{address}"
min_replicas = {replicas}
max_replicas = {replicas}
cpus = 0.1

[training]
threads = 1
"""
SCRIPT: Final = """
texts = ["Once upon a time there was a fox. “Come in!” it said, and then it was gone."]
order = 3
smoothing = 0.5
cues = [{when = "lightning", after = 3}, {when = "thunder", error = "busy"}]
"""


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a test may use, and leaves as it found it.

    Attributes:
        home: the PLANCHETTE_HOME of the cluster.
        url: of the API, without `/v1`.
    """

    home: Path
    url: str

    def program(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What `planchette cluster …` does and says."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PLANCHETTE_")}
        environment |= {"PLANCHETTE_HOME": str(self.home), "PLANCHETTE_SCRIPT": str(self.home / "script.toml")}
        command = [sys.executable, "-m", "bot.cli", "cluster", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def await_ready(self) -> None:
        """Until the default model writes."""
        eventually(lambda: httpx.get(f"{self.url}/health", trust_env=False).status_code == 200, "it is ready", PATIENCE)


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Two replicas with the models that ship, a tiny one and a scripted one."""
    if find_spec("ray") is None:
        pytest.skip("Ray is not installed: make run EXTRAS=cluster")
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}  # nothing is written into one's home
    import ray

    home = tmp_path_factory.mktemp("cluster")
    save_tiny(home / "models" / "tiny" / "1", name="tiny", version="1")
    (home / "script.toml").write_text(SCRIPT, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ray.init("local", num_cpus=2, object_store_memory=100 * 1024 * 1024, include_dashboard=False, log_to_driver=False)
    try:
        address = ray.get_runtime_context().gcs_address
        told = SETTINGS.format(port=port, key=KEY, address=address, replicas=REPLICAS)
        (home / "planchette.toml").write_text(told, "utf-8")
        cluster = Deployed(home, f"http://127.0.0.1:{port}")
        ran = cluster.program("deploy")
        assert ran.returncode == 0, ran.stderr
        cluster.await_ready()
        yield cluster
    finally:
        ray.shutdown()
