"""Whether the host can write already."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from generators.completion import CompletionRequest, Finished, Generator, Priority
from generators.errors import UserError

PAUSE: Final = 5.0  # seconds between attempts

_log: Final = logging.getLogger(__name__)


class Readiness:
    """Writes one token with the default model, until that succeeds.

    Args:
        generator: writes.
        default: the model; None for the first that is listed.
    """

    def __init__(self, generator: Generator, default: str | None) -> None:
        self._generator = generator
        self._default = default
        self.done = False  # whether the model can write

    async def run(self) -> None:
        """Returns once the model can write."""
        said = ""
        while not self.done:
            try:
                await self._write()
            except Exception as fault:
                if str(fault) != said:  # once, not every five seconds
                    said = str(fault)
                    known = isinstance(fault, UserError)
                    _log.warning("the default model is not ready: %s", said, exc_info=None if known else fault)
                await asyncio.sleep(PAUSE)

    async def _write(self) -> None:
        name = self._default or next((info.name for info in await self._generator.models()), "")
        request = CompletionRequest(model=name, max_tokens=1, temperature=0, priority=Priority.SAMPLE)
        async with self._generator.complete(request) as events:
            async for event in events:
                if isinstance(event, Finished):
                    self.done = True
