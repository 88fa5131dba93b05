"""A room that is really served: the whole bot with a scripted model, on a port of its own."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import SecretStr

from bot.app import Bot
from bot.configuration import Configuration, WebKeys
from bot.platforms.web import WebRoom
from generators.scripted import Pace, Script, ScriptedGenerator
from tests.fakes.clock import FakeClock
from tests.patience import PATIENCE

SCRIPT: Final = Script(
    token="word",
    texts=(
        "Once upon a time there was a lighthouse that kept bees.",
        "Once upon a time there lived a clock that ran on rain.",
        "Once upon a midnight there was a letter nobody had written.",
    ),
    order=3,
)


@dataclass
class Serving:
    """A running bot, its room, and a program that talks with it over HTTP."""

    bot: Bot
    room: WebRoom
    clock: FakeClock
    http: httpx.AsyncClient

    async def say(self, person: str, text: str, *, room: str = "lobby", **more: Any) -> int:
        """Writes a message; its id."""
        answer = await self.http.post(f"/api/rooms/{room}/messages", json={"person": person, "text": text, **more})
        assert answer.status_code == 202, answer.text
        id_: int = answer.json()["id"]
        return id_

    async def read(self, *, person: str | None = None, room: str = "lobby", after: int | None = None) -> list[Any]:
        """The room's messages."""
        asked = {"person": person, "after": after}
        answer = await self.http.get(
            f"/api/rooms/{room}/messages", params={name: value for name, value in asked.items() if value is not None}
        )
        assert answer.status_code == 200, answer.text
        messages: list[Any] = answer.json()["messages"]
        return messages

    async def press(self, person: str, message: int, action: str, *, room: str = "lobby") -> str:
        """Presses a button; the notice."""
        answer = await self.http.post(
            f"/api/rooms/{room}/press", json={"person": person, "message": message, "action": action}
        )
        assert answer.status_code == 200, answer.text
        notice: str = answer.json()["notice"]
        return notice

    @asynccontextmanager
    async def events(
        self, *, person: str | None = None, room: str = "lobby", last: int | None = None
    ) -> AsyncIterator[EventReader]:
        """Follows a room, from its next event on or from the one after `last`."""
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        params = {} if person is None else {"person": person}
        async with self.http.stream("GET", f"/api/rooms/{room}/events", params=params, headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield EventReader(answer)


class EventReader:
    """Reads server-sent events one by one."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, str]:
        """The fields of the next event or comment."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                if not line:
                    return fields
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
        raise EOFError


@asynccontextmanager
async def serving(
    home: Path,
    *,
    pace: Pace | None = None,
    script: Script = SCRIPT,
    clock: FakeClock | None = None,
    port: int = 0,
    ticks: Callable[[], float] = time.monotonic,
    **web: Any,
) -> AsyncIterator[Serving]:
    """Opens the bot with its room, serves it, and closes it as `planchette run` does."""
    for name in ("key", "admin_key"):
        if name in web:
            web[name] = SecretStr(web[name])
    configuration = Configuration(home=home, web=WebKeys(port=port, **web))
    clock = clock or FakeClock()
    bot = await Bot.open(configuration, generator=ScriptedGenerator(script, pace=pace), clock=clock, ticks=ticks)
    room = WebRoom(bot)
    bot.register(room)
    await bot.resume()
    served = asyncio.create_task(room.run())
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{room.port}", timeout=PATIENCE) as http:
            yield Serving(bot, room, clock, http)
    finally:
        served.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await served
        await bot.close()
