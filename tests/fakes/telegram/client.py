"""The other end of the control API: a stand-in Telegram in a process of its own, scripted from here."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 20.0


class ControlError(Exception):
    """The server could not do what it was told; its sentence says why."""


class Control:
    """Calls of control.py by their names, as in `await control.says(user=1, chat=-2, text="/help")`.

    Attributes:
        where: what the server said of itself: port, token, base_url, base_file_url, control.
        pid: of its process.
    """

    def __init__(self, where: dict[str, Any], pid: int, session: aiohttp.ClientSession) -> None:
        self.where = where
        self.pid = pid
        self._session = session

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        async def call(**told: Any) -> Any:
            async with self._session.post(f"{self.where['control']}/{name}", json=told) as response:
                answer = await response.json()
                if response.status == 408:
                    raise TimeoutError(answer["error"])
                if not response.ok:
                    raise ControlError(answer["error"])
                return answer

        return call


@asynccontextmanager
async def started(*options: str) -> AsyncIterator[Control]:
    """A server in a process of its own, ended at the end.

    Args:
        options: of `python -m tests.fakes.telegram`, such as `--unlimited`.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.telegram", *options, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            where = json.loads(await process.stdout.readline())
        # Calls last as long as what they wait for; each brings its own deadline.
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield Control(where, process.pid, session)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
