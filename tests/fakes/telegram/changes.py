"""Waiting until something has changed, with a deadline and without polling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    """Those who wait for a change, and the bell that wakes them."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        """Lets all who wait look again."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def until(self, look: Callable[[], T | None], seconds: float, otherwise: Callable[[], str]) -> T:
        """What `look` finds, as soon as it finds something true.

        Raises:
            TimeoutError: it found nothing in time; with what `otherwise` says.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        while not (found := look()):
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(woken)
            try:
                async with asyncio.timeout_at(deadline):
                    await woken
            except TimeoutError:
                raise TimeoutError(f"not within {seconds} s; {otherwise()}") from None
            finally:
                self._waiting.discard(woken)
        return found
