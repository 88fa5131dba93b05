"""How fast requests leave for Discord, whoever makes them."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import aiohttp

RATE: Final = 40.0  # requests a second; Discord takes 50, and what leaves evenly may arrive in bunches
BURST: Final = 5  # that may leave at once


class Pace:
    """Lets requests through evenly, in the order in which they come.

    The outbox decides what is said next; but what it lets go may wait for its channel's rate in the library, and then
    leave together with what was let go later.
    """

    def __init__(self, rate: float = RATE) -> None:
        self._rate = rate
        self._even = 0.0  # when all that was let through would have left, had it left evenly

    async def turn(self) -> None:
        """Returns when the next request may leave."""
        now = time.monotonic()
        self._even = max(self._even, now) + 1 / self._rate
        wait = self._even - now - BURST / self._rate
        if wait > 0:
            await asyncio.sleep(wait)

    @property
    def tracing(self) -> aiohttp.TraceConfig:
        """Holds every request of a session back until its turn, those that the library repeats among them."""

        async def start(*_: object) -> None:
            await self.turn()

        tracing = aiohttp.TraceConfig()
        tracing.on_request_start.append(start)
        return tracing
