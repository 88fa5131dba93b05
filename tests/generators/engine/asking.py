"""Texts asked of an engine, whose thread writes them beside the test's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from generators.completion import CompletionRequest, Event, Piece
from generators.engine import Engine
from generators.scripted import Pace
from tests.fakes.models import Watched, tiny


def request(**fields: Any) -> CompletionRequest:
    usual: dict[str, Any] = {"model": "tiny", "prompt": "Once", "max_tokens": 10, "min_tokens": 10, "seed": 1}
    return CompletionRequest(**usual | fields)


async def read(engine: Engine, **fields: Any) -> list[Event]:
    async with engine.complete(request(**fields)) as events:
        return [event async for event in events]


def ids_of(events: Sequence[Event]) -> list[int]:
    return [token for event in events if isinstance(event, Piece) for token in event.token_ids]


async def until(condition: Callable[[], bool]) -> None:
    """Lets the other thread work until something holds; the test's time limit is the only clock."""
    while not condition():  # noqa: ASYNC110 (a thread cannot set an event of this loop without knowing it)
        await asyncio.sleep(0.001)


@asynccontextmanager
async def paced(model: Any = None, **limits: Any) -> AsyncIterator[tuple[Engine, Watched, Pace]]:
    """An engine whose model waits before each step."""
    pace = Pace()
    watched = Watched(model or tiny(), lambda _: pace.wait())
    engine = Engine(watched, **limits)
    try:
        yield engine, watched, pace
    finally:
        pace.free()
        engine.close()
