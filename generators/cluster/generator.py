"""Writes with the replicas of a cluster."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from generators.cluster.plan import Pool
from generators.cluster.routes import Routes
from generators.completion import CompletionRequest, Event, ModelInfo
from generators.engine.meter import Meter
from generators.errors import ModelFailed, ShuttingDown
from generators.resuming import Lost, begun, written


class ClusterGenerator:
    """A generator over the handles of Serve's deployments.

    Args:
        handles: of each pool's deployment, the first the one that has what no other pool names.
        routes: to the pools.
    """

    def __init__(self, handles: Mapping[Pool, Any], routes: Routes) -> None:
        self._handles = dict(handles)
        self._routes = routes

    async def models(self) -> Sequence[ModelInfo]:
        """What there is to write with, as any replica sees it."""
        listed: Sequence[ModelInfo] = await self._any.models.remote()
        return listed

    @asynccontextmanager
    async def complete(self, request: CompletionRequest) -> AsyncIterator[AsyncIterator[Event]]:
        """Streams a text; leaving the context cancels it, here and in its replica.

        A replica that is lost in the middle is asked once more, or another one is, and the text goes on where it was.

        Raises:
            UserError: the request cannot be met.
            ModelFailed: two replicas were lost while they wrote.
        """
        async with begun(self._events(request)) as events:
            yield events

    async def meters(self) -> Sequence[Meter]:
        """What the engines of all replicas have counted."""
        answers = await asyncio.gather(
            *(handle.broadcast("meters").results_async() for handle in self._handles.values())
        )
        return [meter for replicas in answers for meters in replicas for meter in meters]

    async def close(self) -> None:
        """Nothing: the replicas are Serve's."""

    @property
    def _any(self) -> Any:
        return next(iter(self._handles.values()))

    async def _events(self, request: CompletionRequest) -> AsyncGenerator[Event, None]:
        route = await self._routes.to(request.model)
        name = request.model.partition("@")[0]
        replicas = _Replicas(self._handles[route.pool], route.session(name, request.user))
        try:
            async with aclosing(written(replicas, request)) as events:
                async for event in events:
                    yield event
        except Lost as fault:
            raise ModelFailed("its replicas were lost twice while they wrote") from fault


class _Replicas:
    """The replicas of a pool; a `generators.resuming.Source`.

    Args:
        handle: of their deployment.
        session: what they are chosen by.
    """

    def __init__(self, handle: Any, session: str) -> None:
        self._handle = handle
        self._session = session

    async def events(self, request: CompletionRequest) -> AsyncGenerator[Event, None]:
        """The events of a request, from one of the replicas.

        Raises:
            Lost: the replica is gone.
            UserError, ModelFailed: what it says itself.
        """
        from ray.exceptions import RayActorError
        from ray.serve.exceptions import DeploymentUnavailableError, ReplicaUnavailableError

        messages = self._handle.options(stream=True, session_id=self._session).write.remote(request)
        try:
            async for message in messages:
                if isinstance(message, ShuttingDown):  # the replica, not the cluster
                    raise Lost from message
                if isinstance(message, Exception):
                    raise message
                for event in message:
                    yield event
        except (asyncio.CancelledError, GeneratorExit):  # who reads is gone
            messages.cancel()
            raise
        except (RayActorError, ReplicaUnavailableError) as fault:
            raise Lost from fault
        except DeploymentUnavailableError as fault:
            raise ShuttingDown from fault

    async def back(self, model: str, patience: float) -> int | None:
        """Waits until a replica answers, which may be one that is started now.

        Raises:
            Lost: none did in that time.
        """
        from ray.exceptions import RayActorError

        try:
            async with asyncio.timeout(patience if math.isfinite(patience) else None):
                listed: Sequence[ModelInfo] = await self._handle.models.remote()
        except (TimeoutError, RayActorError) as fault:
            raise Lost from fault
        name = model.partition("@")[0]
        return next((info.context for info in listed if info.name == name), None)
