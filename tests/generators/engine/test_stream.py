"""From the engine to a reader that may be behind."""

from __future__ import annotations

import asyncio

from generators.completion import Finished
from generators.engine.stream import Bell


async def test_a_reader_who_is_behind() -> None:
    """The writing is held once, when more waits than may, and goes on when all of it has been read."""
    stream = Bell(asyncio.get_running_loop()).open()
    told: list[str] = []
    stream.bound(2, lambda: told.append("hold"), lambda: told.append("go on"))
    stream.events.extend(Finished(choice, "end", 0, 0) for choice in range(3))

    stream.wake()
    stream.wake()
    for _ in range(2):
        await anext(stream)
    before = list(told)
    await anext(stream)

    assert before == ["hold"]
    assert told == ["hold", "go on"]
