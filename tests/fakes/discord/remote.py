"""The stand-in in another process, scripted from Python."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import aiohttp

ROOT: Final = Path(__file__).parents[3]


class RemoteDiscord:
    """Calls the stand-in's methods by name; objects are dictionaries with a "$", and go back in as they came.

    Args:
        control: where POST takes orders.
        addresses: what its process printed.
    """

    def __init__(self, control: str, addresses: dict[str, str] | None = None) -> None:
        self._control = control
        self._session: aiohttp.ClientSession | None = None
        self.addresses = addresses or {}

    async def __aenter__(self) -> RemoteDiscord:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(self, name: str, /, *args: Any, on: dict[str, Any] | None = None, **kwargs: Any) -> Any:
        """What the method returns, described.

        Raises:
            AssertionError: it raised; in its own words.
        """
        return await self._order({"on": on, "do": name, "args": list(args), "kwargs": kwargs})

    async def get(self, name: str, *, on: dict[str, Any] | None = None) -> Any:
        """The attribute, described.

        Raises:
            AssertionError: there is none.
        """
        return await self._order({"on": on, "get": name})

    async def _order(self, order: dict[str, Any]) -> Any:
        assert self._session is not None, "enter it first"
        async with self._session.post(self._control, json=order) as response:
            answer = await response.json()
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["result"]


@asynccontextmanager
async def running(*options: str) -> AsyncIterator[RemoteDiscord]:
    """A stand-in in a process of its own, for as long as the context lasts."""
    command = [sys.executable, "-m", "tests.fakes.discord", "--while-stdin", *options]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        addresses = json.loads(await process.stdout.readline())
        async with RemoteDiscord(addresses["control"], addresses) as remote:
            yield remote
    finally:
        process.stdin.close()
        await process.wait()
