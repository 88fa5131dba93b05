"""The process of a cluster that answers HTTP: the host's application, over the replicas."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from fastapi import FastAPI

from generators.cluster.generator import ClusterGenerator
from generators.cluster.plan import Plan
from generators.cluster.routes import Routes
from generators.cluster.trainings import ClusterTuning, RayTasks
from generators.host import host_app
from generators.host.readiness import Readiness
from generators.local import Shelf
from generators.places import shipped_directory

PATIENCE: Final = 40.0  # s for the process that this one follows to let go of the jobs; Serve gives it 20
LOOK: Final = 0.5  # s between two attempts


class Ingress:
    """A deployment of Serve, in one process: it holds the keys of the files that people upload.

    Args:
        plan: what is deployed.
        handles: of the pools' deployments, in their order.
    """

    async def __init__(self, plan: Plan, *handles: Any) -> None:  # type: ignore[misc]  # Serve awaits it
        shelves = [Shelf(shipped_directory(), shipped=True)]
        if plan.settings.models is not None:
            shelves.append(Shelf(plan.settings.models, hides=plan.settings.hides))
        self._plan = plan
        self._generator = ClusterGenerator(dict(zip(plan.pools, handles, strict=True)), Routes(plan.pools, shelves))
        self._readiness = Readiness(self._generator, plan.default)
        self._warming = asyncio.create_task(self._readiness.run())
        self._tuning = await _opened(plan)

    def __serve_build_asgi_app__(self) -> FastAPI:
        """The application, which Serve asks for once the above is done."""
        return host_app(self._generator, self._readiness, self._plan.keys, self._tuning, self._generator.meters)

    async def __del__(self) -> None:
        """Lets go of the jobs, which go on; Serve calls it, and waits."""
        self._warming.cancel()
        if self._tuning is not None:
            await self._tuning.close()


async def _opened(plan: Plan) -> ClusterTuning | None:
    """The jobs of this home; None where none are taken, or another host with the same home has them."""
    if plan.training is None or plan.settings.models is None:
        return None
    tuning = ClusterTuning(
        plan.training.folder,
        plan.settings.models,
        most=plan.training.jobs,
        threads=plan.training.threads,
        runner=RayTasks(plan.training, plan.runtime_env),
        hides=plan.settings.hides,
    )
    until = time.monotonic() + PATIENCE
    while not await tuning.open():
        if time.monotonic() > until:
            return None
        await asyncio.sleep(LOOK)
    return tuning
