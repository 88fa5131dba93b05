"""Puts the application on a cluster, says how it is, and takes it away."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

from generators.cluster import trainings
from generators.cluster.ingress import Ingress
from generators.cluster.plan import APPLICATION, INGRESS, Plan, Pool
from generators.cluster.replica import Replica
from generators.errors import MissingExtra, Translate, UserError, english

# one session's texts go to one replica, few of them to another one when replicas come and go; a full one's to the next
ROUTER: Final = "ray.serve.experimental.consistent_hash_router:ConsistentHashRouter"
SPARE: Final = 64  # places in a replica for what its engine takes although its queue is full, and for what it refuses
CONNECTIONS: Final = 10_000  # that the ingress answers at once; it is the engines that say when it is too much
HEALTH: Final = 5.0  # s between two looks whether a replica is there
EVERYWHERE: Final = ("0.0.0.0", "::", "[::]")
KNOCK: Final = 5.0  # s for the cluster's head to take a connection
UPSCALE: Final = 10.0  # s for which it has to be too much before a replica is added


@dataclass(eq=False)
class NoCluster(UserError):
    """Nothing of Ray answers at `cluster.address`."""

    address: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "No Ray cluster answers at {address}; start one with `ray start --head`, or set cluster.address.",
            address=self.address,
        )


@dataclass(eq=False)
class NotDeployed(UserError):
    """There is no application of ours on the cluster."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("Nothing is deployed there; `planchette cluster deploy` deploys it.")


@dataclass(eq=False)
class DeploymentFailed(UserError):
    """Serve could not start the replicas."""

    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("The cluster could not start it: {reason}", reason=self.reason)


@dataclass(eq=False)
class WrongAddress(UserError):
    """Serve answers elsewhere."""

    host: str
    port: int

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "It runs, but nothing answers at {host}, port {port}, because Ray Serve was started for another address; "
            "`planchette cluster delete` and `planchette cluster deploy` change that where nothing else is on it.",
            host=self.host,
            port=self.port,
        )


@contextmanager
def connected(address: str) -> Iterator[None]:
    """A connection to a cluster; what is deployed stays when it ends.

    Args:
        address: of Ray's head, or `auto` for the cluster that this machine is one of.

    Raises:
        MissingExtra: Ray is not installed.
        NoCluster: nothing answers there.
    """
    if find_spec("ray") is None:
        raise MissingExtra("The cluster", "cluster")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray
    from ray import serve

    logging.getLogger(serve.__name__).setLevel(logging.WARNING)
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
    except OSError as fault:
        raise NoCluster(address) from fault
    try:
        yield
    finally:
        ray.shutdown()


def deploy(plan: Plan) -> None:
    """Puts a plan on the cluster, or changes what is there to it; returns once every deployment runs.

    Raises:
        DeploymentFailed: it does not.
        WrongAddress: Serve was there before, for another address.
    """
    from ray import serve

    serve.start(proxy_location="EveryNode", http_options=_http(plan))
    try:
        serve.run(_application(plan), name=APPLICATION, route_prefix="/")
    except RuntimeError as fault:
        raise DeploymentFailed(str(fault)) from fault
    try:
        _knock(f"127.0.0.1:{plan.port}" if plan.host in EVERYWHERE else f"{plan.host}:{plan.port}")
    except OSError as fault:  # Serve takes another address only when it is started again
        raise WrongAddress(plan.host, plan.port) from fault


def status() -> dict[str, Any]:
    """How the application is.

    Returns:
        `status` in Serve's words (`RUNNING`, `DEPLOYING`, `UNHEALTHY`, …), its `message`, its `deployments` with the
        replicas of each by their state, and `trainings`: how many run or wait for a machine.

    Raises:
        NotDeployed: there is none.
    """
    found = _found()
    return {
        "status": found.status.value,
        "message": found.message,
        "deployments": [
            {
                "name": name,
                "status": deployment.status.value,
                "message": deployment.message,
                "replicas": dict(deployment.replica_states),
            }
            for name, deployment in found.deployments.items()
        ],
        "trainings": len(trainings.running()),
    }


def delete() -> None:
    """Takes the application away and ends its trainings; the port is free again where nothing else is on Serve.

    Raises:
        NotDeployed: there is none.
    """
    from ray import serve

    _found()
    serve.delete(APPLICATION)
    trainings.end_all()
    if not serve.status().applications:
        serve.shutdown()


def _knock(address: str) -> None:
    """Makes sure that somebody is there: Ray itself would try for a minute, and then tell of it in a page.

    Raises:
        OSError: nobody is.
    """
    host, separator, port = address.rpartition(":")
    if separator and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK).close()


def _found() -> Any:
    from ray import serve

    applications: Mapping[str, Any] = serve.status().applications
    if APPLICATION not in applications:
        raise NotDeployed
    return applications[APPLICATION]


def _http(plan: Plan) -> dict[str, Any]:
    told: dict[str, Any] = {"host": plan.host, "port": plan.port}
    if plan.certificate is not None:
        key = plan.certificate_key or plan.certificate
        told |= {"ssl_certfile": str(plan.certificate), "ssl_keyfile": str(key)}
    return told


def _application(plan: Plan) -> Any:
    from ray import serve

    pools = [_pool(plan, pool) for pool in plan.pools]
    return (
        serve.deployment(serve.ingress()(Ingress))
        .options(
            name=INGRESS,
            num_replicas=1,
            max_ongoing_requests=CONNECTIONS,
            health_check_period_s=HEALTH,
            ray_actor_options={"num_cpus": 0, "runtime_env": plan.runtime_env},  # it computes nothing
        )
        .bind(plan, *pools)
    )


def _pool(plan: Plan, pool: Pool) -> Any:
    from ray import serve
    from ray.serve.config import AutoscalingConfig, RequestRouterConfig

    return (
        serve.deployment(Replica)
        .options(
            name=pool.name,
            autoscaling_config=AutoscalingConfig(
                min_replicas=pool.min_replicas,
                max_replicas=pool.max_replicas,
                target_ongoing_requests=pool.texts,
                upscale_delay_s=UPSCALE,
            ),
            max_ongoing_requests=plan.settings.max_batch + plan.settings.queue_limit + SPARE,
            request_router_config=RequestRouterConfig(request_router_class=ROUTER),
            health_check_period_s=HEALTH,
            ray_actor_options={"num_cpus": pool.cpus, "num_gpus": pool.gpus, "runtime_env": plan.runtime_env},
        )
        .bind(plan.settings)
    )
