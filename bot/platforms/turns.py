"""Whose line is next: the lines of a place are carried out in the order in which they came in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False, slots=True)
class _Line:
    person: str
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Turns:
    """Lines in hand.

    A line waits until all earlier ones of its person are over, and those of others have been answered: what a line
    stores is stored before its answer, and only a long text is still being written after it began to be shown. So
    nobody overtakes anybody, and nobody waits for another's text.
    """

    def __init__(self) -> None:
        self._rooms: dict[str, dict[int, _Line]] = {}

    @asynccontextmanager
    async def turn(self, room: str, person: str, message: int) -> AsyncIterator[None]:
        """Takes place behind the lines that are in hand, and waits for its turn; the line is over at the end."""
        here = self._rooms.setdefault(room, {})
        earlier = list(here.values())
        line = here[message] = _Line(person)
        try:
            for other in earlier:
                await (other.over if other.person == person else other.answered).wait()
            yield
        finally:
            line.answered.set()
            line.over.set()
            del here[message]
            if not here:
                del self._rooms[room]

    def answered(self, room: str, message: int) -> None:
        """The bot has answered a line; one that is not in hand is none of ours."""
        line = self._rooms.get(room, {}).get(message)
        if line is not None:
            line.answered.set()
