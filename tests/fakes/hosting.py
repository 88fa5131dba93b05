"""A host of the models on a port of the test's own, over real HTTP."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bot.platforms.web.listening import listen
from generators.completion import Generator
from generators.host import Tuning, serve_host


@asynccontextmanager
async def hosted(
    generator: Generator,
    *,
    keys: Sequence[str] = (),
    default: str | None = None,
    tuning: Tuning | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """Serves a generator, which is closed at the end; gives the address of its API."""
    listener = listen("127.0.0.1", 0)
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve_host(generator, listener, keys=keys, default=default, tuning=tuning, tls=tls, stop=stop)
    )
    try:
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{listener.getsockname()[1]}/v1"
    finally:
        stop.set()
        await serving
