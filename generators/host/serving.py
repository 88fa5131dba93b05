"""Runs the host's web application until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import uvicorn

from generators.completion import Generator
from generators.host.app import host_app
from generators.host.connections import LARGEST_HEAD, Connection
from generators.host.readiness import Readiness
from generators.host.tuning import Tuning

GRACE: Final = 2  # s; how long answers may take to leave when the host closes


async def serve_host(
    generator: Generator,
    listener: socket.socket,
    *,
    keys: Sequence[str] = (),
    default: str | None = None,
    tuning: Tuning | None = None,
    tls: ssl.SSLContext | None = None,
    stop: asyncio.Event | None = None,
    started: Callable[[], None] = lambda: None,
) -> None:
    """Serves until `stop` is set or the task is cancelled; who is in the middle of a text is told that the host closes.

    Args:
        generator: closed at the end.
        listener: a socket that listens.
        keys: see `host_app`.
        default: the model that makes `/health` say ready; None for the first that is listed.
        tuning: makes models from uploaded files, and has been opened; closed at the end.
        tls: speaks HTTPS; None for plain HTTP.
        started: called once requests are answered.
    """
    readiness = Readiness(generator, default)
    server = Server(
        uvicorn.Config(
            host_app(generator, readiness, keys, tuning),
            http=Connection,
            h11_max_incomplete_event_size=LARGEST_HEAD,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
            ssl_context_factory=None if tls is None else lambda *_: tls,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    warming = asyncio.create_task(readiness.run())
    stopping = asyncio.create_task((stop or asyncio.Event()).wait())
    try:
        started()
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        warming.cancel()
        stopping.cancel()
        readiness.done = False
        await generator.close()  # texts that are being written end with a sentence before the server goes
        server.should_exit = True
        await serving
        if tuning is not None:
            await tuning.close()


class Server(uvicorn.Server):
    """Leaves the signals to whoever runs the host."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()
