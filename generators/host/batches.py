"""A text's events on their way to a client: all that wait go together, and the more texts there are, the more wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

from generators.completion import Event, Piece

PATIENCE: Final = 10.0  # s between two signs of life; proxies give connections up after 30 and more
SHARE: Final = 0.001  # s from one text's message to the next one's: a message costs a tenth of that, whatever is in it
LONGEST: Final = 0.05  # s that a token waits for others at most; people see nothing below
AHEAD: Final = 16_384  # tokens and alternatives that wait for a client before no more are taken from the generator


class Traffic:
    """The texts that are being streamed, which share the event loop's time."""

    def __init__(self) -> None:
        self._texts = 0

    @contextmanager
    def joined(self) -> Iterator[None]:
        """One text more, for as long as it is streamed."""
        self._texts += 1
        try:
            yield
        finally:
            self._texts -= 1

    @property
    def pause(self) -> float:
        """Seconds from one message of a text to its next, so that all of them are sent in time; 0 where it is alone."""
        return min(LONGEST, SHARE * max(0, self._texts - 1))


class Batches:
    """What waits of a text's events.

    Args:
        events: of the text.
    """

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self._events = events
        self._waiting: list[Event] = []
        self._weight = 0
        self._some = asyncio.Event()
        self._room = asyncio.Event()
        self._over = asyncio.Event()
        self._fault: Exception | None = None

    async def read(self) -> None:
        """Takes the events as they come, up to the last."""
        try:
            async for event in self._events:
                self._waiting.append(event)
                self._weight += weight(event)
                self._some.set()
                if self._weight >= AHEAD:
                    self._room.clear()
                    await self._room.wait()
        except Exception as fault:
            self._fault = fault
        self._over.set()
        self._some.set()

    async def next(self, earliest: float = 0.0) -> list[Event] | None:
        """All events that wait; none where nothing has come for a while, None after the last.

        Args:
            earliest: on the loop's clock, before which only the end of the text is told.

        Raises:
            Exception: the generator's, once what came before it has been told.
        """
        left = earliest - asyncio.get_running_loop().time()
        if left > 0:
            await _within(left, self._over)
        await _within(PATIENCE, self._some)
        batch, self._waiting, self._weight = self._waiting, [], 0
        self._room.set()
        if not self._over.is_set():
            self._some.clear()
        elif not batch:
            if self._fault is not None:
                raise self._fault
            return None
        return batch


def weight(event: Event) -> int:
    """How much an event holds: itself, and its alternatives."""
    return 1 + len(event.alternatives) if isinstance(event, Piece) else 1


@asynccontextmanager
async def batched(events: AsyncIterator[Event]) -> AsyncIterator[Batches]:
    """A text's events in batches; leaving the context takes no more of them."""
    batches = Batches(events)
    reading = asyncio.create_task(batches.read())
    try:
        yield batches
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Waits for an event, but no longer."""
    if not event.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
