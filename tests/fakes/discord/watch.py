"""Waiting for something to become true, without polling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Watch:
    """Wakes those who wait whenever something changed."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Something changed: everyone who waits looks again."""
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, look: Callable[[], T | None], *, timeout: float, complaint: Callable[[], str]) -> T:
        """What `look` found, as soon as that is something true.

        Raises:
            AssertionError: it did not come true within `timeout` seconds; `complaint` says what is there instead.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not (found := look()):
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiters.add(waiter)
            try:
                async with asyncio.timeout_at(deadline):
                    await waiter
            except TimeoutError:
                raise AssertionError(f"not within {timeout:g} s: {complaint()}") from None
            finally:
                self._waiters.discard(waiter)
        return found
