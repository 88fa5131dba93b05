"""Rest between two looks at a game: until somebody moves, or until something is due."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from bot.games.clock import Clock


@dataclass(eq=False)
class Rest:
    """The rest of one game's task.

    Attributes:
        woken: whether something has happened since the last look began.
    """

    clock: Clock
    _due: datetime | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _resting: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Something has happened: look again."""
        self._wake.set()

    def look(self) -> None:
        """A look begins: what happens from now on calls for another."""
        self._wake.clear()

    @property
    def woken(self) -> bool:
        """Whether another look is called for, or due."""
        return self._wake.is_set() or (self._due is not None and self._due <= self.clock.now())

    async def until(self, due: datetime | None) -> None:
        """Waits for the next move or, where something is due, for its time; not at all where something has happened."""
        if self._wake.is_set():
            return
        self._due = due
        waits: set[asyncio.Task[object]] = {asyncio.create_task(self._wake.wait())}
        if due is not None:
            waits.add(asyncio.create_task(self.clock.sleep_until(due)))
        self._resting.set()
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._resting.clear()
            for wait in waits:
                wait.cancel()

    def end(self) -> None:
        """There will be no other look."""
        self._resting.set()

    async def begun(self) -> None:
        """Returns while it rests, or once there will be no other look."""
        await self._resting.wait()
