"""`planchette cluster`: told how it is, changed, and taken away."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.fakes.clustering import KEY, PATIENCE, REPLICAS, Deployed

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("cluster")]


def test_status(deployed: Deployed) -> None:
    """`status` tells of every deployment and its replicas, to people and to programs."""
    said, told = deployed.program("status"), deployed.program("status", "--json")

    record = json.loads(told.stdout)
    replicas = {each["name"]: each["replicas"] for each in record["deployments"]}
    assert (said.returncode, told.returncode) == (0, 0)
    assert record["status"] == "RUNNING"
    assert replicas == {"ingress": {"RUNNING": 1}, "models": {"RUNNING": REPLICAS}}
    assert said.stdout.startswith("RUNNING.")
    assert f"{REPLICAS} RUNNING" in said.stdout


def test_deployed_again(deployed: Deployed) -> None:
    """Deploying again changes what is there to the settings of now, and what was deleted is not there any more."""
    settings = deployed.home / "planchette.toml"
    before = settings.read_text("utf-8")
    own = '[[cluster.pools]]\nmodels = ["tiny"]\nmin_replicas = 1\nmax_replicas = 1\n'
    settings.write_text(f"{before}\n{own}", "utf-8")
    changed = deployed.program("deploy")
    more = json.loads(deployed.program("status", "--json").stdout)
    answer = httpx.post(
        f"{deployed.url}/v1/completions",
        json={"model": "tiny", "prompt": "Once", "max_tokens": 5, "min_tokens": 5},
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=PATIENCE,
        trust_env=False,
    )
    deleted, absent = deployed.program("delete"), deployed.program("status")
    settings.write_text(before, "utf-8")
    again = deployed.program("deploy")
    deployed.await_ready()

    assert changed.returncode == 0, changed.stderr
    assert {each["name"] for each in more["deployments"]} == {"ingress", "models", "models-1"}
    assert answer.json()["usage"]["completion_tokens"] == 5
    assert (deleted.returncode, deleted.stderr) == (0, "")
    assert absent.returncode == 1
    assert absent.stderr == "Nothing is deployed there; `planchette cluster deploy` deploys it.\n"
    assert again.returncode == 0, again.stderr
    assert deployed.url in again.stdout
