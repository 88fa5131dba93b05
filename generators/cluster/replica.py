"""What writes in a cluster: a process with every generator of a host, and engines for what it is asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Final, TypeAlias

from generators.completion import CompletionRequest, Event, ModelInfo
from generators.engine.meter import METERS, Meter
from generators.errors import ModelFailed, UserError
from generators.host.batches import batched
from generators.registry import GeneratorSettings, open_generators

PAUSE: Final = 0.05  # s between two messages of a text: one costs Ray about a millisecond on either side

Message: TypeAlias = list[Event] | UserError | ModelFailed  # a fault is the last one

_log: Final = logging.getLogger(__name__)


class Replica:
    """A deployment of Serve.

    Args:
        settings: as on any machine of the cluster.
    """

    def __init__(self, settings: GeneratorSettings) -> None:
        self._generator = open_generators(settings)

    async def models(self) -> Sequence[ModelInfo]:
        """What there is to write with."""
        return await self._generator.models()

    async def write(self, request: CompletionRequest) -> AsyncIterator[Message]:
        """A text, several events a message; being cancelled cancels it.

        Faults are messages, so that they arrive as what they are, and fill no log with what a person can mend.
        """
        clock = asyncio.get_running_loop().time
        try:
            async with self._generator.complete(request) as events, batched(events) as batches:
                earliest = 0.0
                while (batch := await batches.next(earliest)) is not None:
                    if batch:
                        yield batch
                    earliest = clock() + PAUSE
        except (UserError, ModelFailed) as fault:
            yield fault
        except Exception as fault:
            _log.exception("a text of %s failed", request.model)
            yield ModelFailed(f"{type(fault).__name__} in a replica")

    async def meters(self) -> Sequence[Meter]:
        """What its engines have counted."""
        return list(METERS.by_model())

    async def __del__(self) -> None:
        """Ends its engines; Serve calls it, and waits."""
        generator = getattr(self, "_generator", None)
        if generator is not None:
            await asyncio.shield(generator.close())
