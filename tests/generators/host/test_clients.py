"""Clients that take or send next to nothing, that vanish, that speak no HTTP, and that all come at once."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from generators.host import bodies, connections, gate
from generators.scripted import Pace, ScriptedGenerator
from tests.fakes.hosting import hosted
from tests.generators.host.conftest import SCRIPT

LONG = {"model": "scripted", "prompt": "Once", "max_tokens": 20_000, "min_tokens": 20_000}
SHORT = {"model": "scripted", "prompt": "Once", "max_tokens": 5}


def request(body: object, *headers: str) -> bytes:
    """A request for a text as it is sent."""
    data = json.dumps(body).encode()
    lines = ["POST /v1/completions HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    if not any(header.startswith(("Content-Length", "Transfer-Encoding")) for header in headers):
        lines.append(f"Content-Length: {len(data)}")
    return "\r\n".join([*lines, "", ""]).encode() + data


class Client:
    """A connection with nothing between it and the test, which takes little at a time."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.setblocking(False)

    async def send(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        if self.socket.getsockname()[1] == 0:
            await loop.sock_connect(self.socket, (self._address.hostname, self._address.port))
        await loop.sock_sendall(self.socket, data)

    async def take(self, most: int = 65_536) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.socket, most)

    async def answer(self) -> tuple[int, Any]:
        """The status and the object of an answer, after which the connection may stay."""
        data = b""
        while not (head := re.match(rb"HTTP/1.1 (\d+).*?content-length: (\d+).*?\r\n\r\n", data, re.I | re.S)):
            data += await self._more()
        while len(data) < head.end() + int(head[2]):
            data += await self._more()
        return int(head[1]), json.loads(data[head.end() : head.end() + int(head[2])])

    async def _more(self) -> bytes:
        data = await self.take()
        assert data, "the connection was closed"
        return data

    def vanish(self) -> None:
        """Breaks the connection, as a program that is killed does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[Client]:
    client = Client(url)
    try:
        yield client
    finally:
        client.socket.close()


async def status_of(url: str, body: object) -> int:
    async with client_of(url) as client:
        await client.send(request(body))
        return (await client.answer())[0]


async def until_there_is_room(url: str) -> None:
    """Asks for a text until somebody has the time for it; the test's time limit is the only clock."""
    while await status_of(url, SHORT) == 429:  # noqa: ASYNC110  # another thread's doing
        await asyncio.sleep(0.01)


@pytest.fixture
async def small() -> AsyncIterator[str]:
    """A host that writes one text at a time and lets nobody wait."""
    async with hosted(ScriptedGenerator(SCRIPT, max_batch=1, queue_limit=0), default="none") as url:
        yield url


@pytest.fixture
async def slow() -> AsyncIterator[str]:
    """The same, so slowly that a long text takes minutes."""
    pace = Pace()

    async def step() -> None:
        while True:
            pace.allow(1)
            await asyncio.sleep(0.01)

    async with hosted(ScriptedGenerator(SCRIPT, pace=pace, max_batch=1, queue_limit=0), default="none") as url:
        stepping = asyncio.create_task(step())
        yield url
        stepping.cancel()
        pace.free()


async def test_who_takes_next_to_nothing(small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that reads a byte now and then is cut off, and its place is somebody else's."""
    monkeypatch.setattr(connections, "STALLED", 0.5)
    async with client_of(small) as client:
        await client.send(request({**LONG, "stream": True, "logprobs": 50}))
        await client.take(1)
        reading = asyncio.create_task(_byte_by_byte(client))

        await until_there_is_room(small)

        reading.cancel()
        assert await _rest(client) < 1_000_000  # of 20


async def _byte_by_byte(client: Client) -> None:
    while await client.take(1):  # noqa: ASYNC110  # a slow client
        await asyncio.sleep(0.05)


async def _rest(client: Client) -> int:
    """How many bytes come until the connection breaks."""
    taken = 0
    with suppress(ConnectionResetError):
        while data := await client.take():
            taken += len(data)
    return taken


@pytest.mark.parametrize("stream", [True, False])
async def test_who_vanishes(slow: str, stream: bool) -> None:
    """The place of a client whose connection breaks is free, streamed or not."""
    async with client_of(slow) as client:
        await client.send(request({**LONG, "stream": stream}))
        while await status_of(slow, SHORT) != 429:  # noqa: ASYNC110  # likewise
            await asyncio.sleep(0.01)

        client.vanish()

        await until_there_is_room(slow)


async def test_who_asks_a_byte_at_a_time(small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection on which no request comes is closed; a body that comes too slowly is a 408, and then too."""
    monkeypatch.setattr(connections, "HEAD", 0.2)
    monkeypatch.setattr(bodies, "PATIENCE", 0.2)
    async with client_of(small) as silent, client_of(small) as headless, client_of(small) as slow:
        await silent.send(b"")
        await headless.send(request(SHORT)[:30])
        await slow.send(request(SHORT, "Content-Length: 1000"))

        status, told = await slow.answer()

        assert (status, told["error"]["type"]) == (408, "invalid_request_error")
        assert await slow.take() == b""
        for client in (silent, headless):
            with pytest.raises((ConnectionResetError, AssertionError)):
                await client.answer()
    assert await status_of(small, SHORT) == 200


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # HTTPS, as a client begins it
        b"GET /v1/models HTTP/1.1\r\n\r\n",  # without a host
        b"GET /" + b"a" * 20_000,
        b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"a" * 20_000,
        b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
    ],
)
async def test_no_request(small: str, data: bytes) -> None:
    """What is no HTTP, or has a head that is too large, is a 400 in the API's form, and the connection is closed."""
    async with client_of(small) as client:
        await client.send(data)

        status, told = await client.answer()

        assert status == 400
        assert "16 KB" in told["error"]["message"]


async def test_bodies_without_a_length(small: str) -> None:
    """A body in chunks is read like any other, up to the limit; without a length there is none."""
    whole = json.dumps(SHORT).encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (whole[:9], whole[9:]))
    chunked = request("", "Transfer-Encoding: chunked")[:-2]
    large = b"%x\r\n%b\r\n" % (1 << 20, b" " * (1 << 20))
    async with client_of(small) as good, client_of(small) as bad, client_of(small) as none:
        await good.send(chunked + chunks + b"0\r\n\r\n")
        for data in (chunked, *[large] * 5, b"0\r\n\r\n"):
            await bad.send(data)
        await none.send(request("", "Content-Length: 0")[:-2])

        answers = [await client.answer() for client in (good, bad, none)]

    assert [status for status, _ in answers] == [200, 413, 400]
    assert "4 MB" in answers[1][1]["error"]["message"]
    assert "JSON" in answers[2][1]["error"]["message"]


async def test_a_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many requests at once a few are written and the others told to come again; nothing is left behind."""
    monkeypatch.setattr(gate, "CROWD", 150)
    pace = Pace()
    async with hosted(ScriptedGenerator(SCRIPT, pace=pace, max_batch=4, queue_limit=100), default="none") as url:
        clients = [Client(url) for _ in range(400)]
        await asyncio.gather(*[client.send(request(SHORT)) for client in clients])
        answering = [asyncio.create_task(client.answer()) for client in clients]
        while sum(task.done() for task in answering) < 296:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        pace.free()
        answers = await asyncio.gather(*answering)
        for client in clients:
            client.socket.close()

        after = await status_of(url, SHORT)

    assert sorted(status for status, _ in answers) == [200] * 104 + [429] * 296
    assert {told["error"]["code"] for status, told in answers if status == 429} == {"busy"}
    assert after == 200
