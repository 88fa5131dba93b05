"""A wire to a server that can be cut: everything passes, until every connection breaks at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Wire:
    """Passes bytes between a port of its own and a server.

    Args:
        url: of the server.

    Attributes:
        url: the same through the wire.
        sent: what clients sent, connection by connection.
    """

    def __init__(self, url: str) -> None:
        self._server = urlsplit(url)
        self.url = ""
        self.sent: list[bytearray] = []
        self._down = False
        self._passing: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        await self._listen(0)
        port = self._listening.sockets[0].getsockname()[1]
        self.url = self._server._replace(netloc=f"127.0.0.1:{port}").geturl()
        return self

    async def __aexit__(self, *fault: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._listening.close()
        await self.cut()

    @property
    def texts(self) -> int:
        """Requests for a text that went through."""
        return sum(sent.count(b"POST /v1/completions") for sent in self.sent)

    async def cut(self, *, for_good: bool = False) -> None:
        """Breaks every connection; for good: whoever comes later is hung up on."""
        self._down = for_good
        for writer in self._writers:
            writer.transport.abort()
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def take_down(self) -> None:
        """Breaks every connection, and lets nobody connect: what a killed program leaves."""
        self._listening.close()
        await self.cut()

    def put_up(self) -> None:
        """Somebody listens again, at the same address."""
        self._putting_up = asyncio.create_task(self._listen(urlsplit(self.url).port or 0))

    def mend(self) -> None:
        """Lets everybody through again."""
        self._down = False

    async def _listen(self, port: int) -> None:
        self._listening = await asyncio.start_server(self._connected, "127.0.0.1", port)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._down:
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_connection(self._server.hostname, self._server.port)
        self._writers |= {writer, there_writer}
        self.sent.append(sent := bytearray())
        for task in (
            asyncio.create_task(_pass(reader, there_writer, sent)),
            asyncio.create_task(_pass(there_reader, writer, bytearray())),
        ):
            self._passing.add(task)
            task.add_done_callback(self._passing.discard)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, noted: bytearray) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            noted += data
            writer.write(data)
            await writer.drain()
    writer.close()
