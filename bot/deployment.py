"""What is deployed on a cluster, as the settings name it."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.generation import hosted_settings
from bot.home import Home
from generators.cluster.plan import Plan, Pool, TrainingPlan
from generators.errors import InvalidValue
from generators.scripted import VARIABLE

if TYPE_CHECKING:
    from bot.configuration import ClusterKeys, Configuration

NAME: Final = "models"  # of the pool that has what no other names


def plan_of(configuration: Configuration, default: str | None) -> Plan:
    """The whole of it.

    Args:
        default: the model that makes it ready; None for the first that is listed.

    Raises:
        InvalidValue: the bounds of a pool are the wrong way round, or two pools name one model.
    """
    home = Home(configuration.home)
    keys, training, key = configuration.cluster, configuration.training, configuration.host.key
    pools = _pools(keys)
    settings = hosted_settings(configuration)
    if settings.threads is None:  # a machine's other replicas want processors, too
        settings = replace(settings, threads=max(1, math.floor(min(pool.cpus for pool in pools))))
    script = os.environ.get(VARIABLE)
    return Plan(
        settings=settings,
        home=home.path,
        pools=pools,
        training=TrainingPlan(
            folder=home.hosting,
            jobs=training.jobs,
            threads=training.threads,
            gpus=keys.training_gpus,
            retries=keys.training_retries,
        ),
        host=configuration.host.host,
        port=configuration.host.port,
        certificate=configuration.host.certificate,
        certificate_key=configuration.host.certificate_key,
        keys=() if key is None else (key.get_secret_value(),),
        default=default,
        environment=() if script is None else ((VARIABLE, script),),
    )


def _pools(keys: ClusterKeys) -> tuple[Pool, ...]:
    names = ("min_replicas", "max_replicas", "texts", "cpus", "gpus")
    common = {name: getattr(keys, name) for name in names}
    pools = [_checked(Pool(name=NAME, **common))]
    seen: set[str] = set()
    for number, own in enumerate(keys.pools, 1):
        if twice := seen.intersection(own.models):
            raise InvalidValue("cluster.pools", min(twice), "in one of them only")
        seen.update(own.models)
        changed = {name: value for name in names if (value := getattr(own, name)) is not None}
        pools.append(_checked(Pool(name=f"{NAME}-{number}", models=own.models, **(common | changed))))
    return tuple(pools)


def _checked(pool: Pool) -> Pool:
    if pool.max_replicas < pool.min_replicas:
        raise InvalidValue("cluster.max_replicas", pool.max_replicas, f"at least min_replicas, {pool.min_replicas}")
    return pool
