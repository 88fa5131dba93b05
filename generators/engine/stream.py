"""From the engine's thread to an event loop: many events, few wake-ups.

The engine appends events to each reader's queue and rings its loop once. While pieces keep coming the loop then looks
by itself every few milliseconds, so that a fast model does not wake it for every character.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Final

from generators.completion import Event

INTERVAL: Final = (
    0.016  # seconds between looks: people see nothing below 50 ms, and 64 texts wake for 16 pieces at once
)


class Stream(AsyncIterator[Event]):
    """One reader's events. The engine writes, a task on the bell's loop reads.

    Attributes:
        events: those not read yet.
    """

    __slots__ = ("_ahead", "_fault", "_go_on", "_held", "_hold", "_over", "_waiter", "bell", "events")

    def __init__(self, bell: Bell) -> None:
        self.bell = bell
        self.events: deque[Event] = deque()
        self._over = False
        self._fault: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._ahead: float = math.inf
        self._held = False
        self._hold = self._go_on = _nothing

    def bound(self, ahead: int, hold: Callable[[], None], go_on: Callable[[], None]) -> None:
        """Has the writing held once more events than that wait for the reader, until it has read all of them."""
        self._ahead, self._hold, self._go_on = ahead, hold, go_on

    def finish(self, fault: BaseException | None = None) -> None:
        """Nothing comes any more; a fault is raised once what came before it has been read."""
        self._fault = fault
        self._over = True

    async def __anext__(self) -> Event:
        while True:
            over = self._over  # looked at first, because the engine appends before it finishes
            if self.events:
                event = self.events.popleft()
                if self._held and not self.events:
                    self._held = False
                    self._go_on()
                return event
            if over:
                if self._fault is not None:
                    raise self._fault
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def wake(self) -> bool:
        """Lets a waiting reader go on where there is something to read; True if one did."""
        waiter = self._waiter
        if waiter is None and len(self.events) > self._ahead and not (self._held or self._over):
            self._held = True
            self._hold()
        if waiter is None or waiter.done() or not (self.events or self._over):
            return False
        waiter.set_result(None)
        return True


def _nothing() -> None:
    pass


class Bell:
    """Wakes the readers of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._streams: set[Stream] = set()
        self._looking = False

    def open(self) -> Stream:
        """A new reader's stream; on the loop."""
        stream = Stream(self)
        self._streams.add(stream)
        return stream

    def close(self, stream: Stream) -> None:
        """The reader has gone; on the loop."""
        self._streams.discard(stream)

    @property
    def idle(self) -> bool:
        """Whether nobody reads."""
        return not self._streams

    def ring(self, *, now: bool = False) -> None:
        """There is something to read; from the engine's thread, once a step.

        Args:
            now: a text has ended, so that the loop is not to wait for its next look.
        """
        with suppress(RuntimeError):  # the loop has been closed, and with it its readers
            if not self._looking:
                self._looking = True
                self.loop.call_soon_threadsafe(self._look)
            elif now:
                self.loop.call_soon_threadsafe(self._wake)

    def _look(self) -> None:
        """Wakes who waits, and looks again soon if anybody did."""
        woken = self._wake()
        if not woken:
            self._looking = False
            woken = self._wake()  # something may have come between the two lines above
            if not woken:
                return
            self._looking = True
        self.loop.call_later(INTERVAL, self._look)

    def _wake(self) -> bool:
        return sum([stream.wake() for stream in self._streams]) > 0
