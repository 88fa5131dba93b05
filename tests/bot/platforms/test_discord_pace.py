"""How fast requests leave for Discord."""

from __future__ import annotations

import asyncio
import time

from bot.platforms.discord.pace import BURST, RATE, Pace


async def test_evenly() -> None:
    """A few requests leave at once, and the rest evenly, however many come together."""
    pace, left = Pace(), list[float]()

    async def leave() -> None:
        await pace.turn()
        left.append(time.monotonic())

    began = time.monotonic()
    await asyncio.gather(*(leave() for _ in range(BURST + 20)))

    assert sum(at - began < 0.5 / RATE for at in left) <= BURST + 1
    assert left[-1] - began >= 19 / RATE
