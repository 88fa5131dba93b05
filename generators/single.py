"""One model behind an engine of its own: all that a generator is, for whoever has a model and no directory of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from generators.completion import CompletionRequest, Event, ModelInfo
from generators.engine import QUEUE_LIMIT, Engine
from generators.model import Model
from generators.registry import unknown


class SingleGenerator:
    """Writes with one model.

    Args:
        model: belongs to the generator from now on.
        max_batch: texts in a step.
        queue_limit: texts that may wait beyond these.
    """

    def __init__(self, model: Model[Any], *, max_batch: int = 64, queue_limit: int = QUEUE_LIMIT) -> None:
        self._engine = Engine(model, max_batch=max_batch, queue_limit=queue_limit)

    async def models(self) -> Sequence[ModelInfo]:
        """The model."""
        return [self._engine.info]

    @asynccontextmanager
    async def complete(self, request: CompletionRequest) -> AsyncIterator[AsyncIterator[Event]]:
        """Streams a text; leaving the context cancels it.

        Raises:
            UserError: the request cannot be met.
        """
        name = self._engine.info.name
        if request.model.partition("@")[0] != name:
            raise unknown(request.model, [name])
        async with self._engine.complete(request) as events:
            yield events

    async def close(self) -> None:
        """Ends the engine."""
        await asyncio.to_thread(self._engine.close)
