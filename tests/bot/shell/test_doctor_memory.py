"""What `planchette doctor` says about the memory of what runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.configuration import load_configuration
from bot.shell.checks import Finding, State
from bot.shell.memory import memory_findings

PAGE = """# TYPE planchette_memory_shortages_total counter
planchette_memory_shortages_total{model="large"} 3.0
planchette_memory_shortages_total{model="small"} 0.0
# TYPE planchette_batch_limit gauge
planchette_batch_limit{model="large"} 8.0
planchette_batch_limit{model="small"} 64.0
"""


async def found() -> list[Finding]:
    return [finding async for finding in memory_findings(load_configuration())]


async def test_a_shortage(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a host that runs here doctor says for each model whether memory sufficed; the key opens its metrics."""
    asked = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(PAGE)}\r\nConnection: close\r\n\r\n{PAGE}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    monkeypatch.setenv("PLANCHETTE_HOST__PORT", str(server.sockets[0].getsockname()[1]))
    monkeypatch.setenv("PLANCHETTE_HOST__KEY", "a-key-of-the-host")
    monkeypatch.setenv("PLANCHETTE_WEB__PORT", "1")

    async with server:
        large, small = await found()

    assert (large.check, large.state) == ("memory of large", State.NOTE)
    assert "too little for 3 steps, which now take at most 8 texts" in large.text
    assert (small.check, small.state) == ("memory of small", State.GOOD)
    assert b"Bearer a-key-of-the-host" in asked[0]


async def test_another_program(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of somebody else's at the host's address is none of doctor's business."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<p>no metric</p>"[:-1])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    monkeypatch.setenv("PLANCHETTE_HOST__PORT", str(server.sockets[0].getsockname()[1]))
    monkeypatch.setenv("PLANCHETTE_WEB__PORT", "1")

    async with server:
        assert await found() == []


async def test_nothing_runs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither bot nor host runs there is nothing to say."""
    for name in ("WEB", "HOST"):
        monkeypatch.setenv(f"PLANCHETTE_{name}__PORT", "1")

    assert await found() == []
