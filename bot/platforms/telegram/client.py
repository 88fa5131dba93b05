"""The library's client: each kind of call over connections of its own, at the pace that Telegram allows."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from telegram.ext import ExtBot
from telegram.request import BaseRequest, HTTPXRequest

from bot.configuration import TelegramKeys
from bot.platforms.telegram.pace import Pace

POLL: Final = 30  # seconds that a poll waits for updates; proxies commonly end what is silent for 60
READ: Final = 20.0  # seconds for an answer; the outbox waits 90 in all
CONNECT: Final = 10.0  # seconds
CONNECTIONS: Final = 8  # at once; httpx looks at all of them for every call, and with 64 that took seconds


class Requests(BaseRequest):
    """Makes calls; answers to presses have connections of their own, and never wait for what is said meanwhile."""

    def __init__(self) -> None:
        self._presses = _connections()
        self._others = _connections()

    @property
    def read_timeout(self) -> float | None:
        """Seconds for an answer."""
        return READ

    async def initialize(self) -> None:
        """Opens the connections again if they were ended."""
        await asyncio.gather(self._presses.initialize(), self._others.initialize())

    async def shutdown(self) -> None:
        """Ends every connection."""
        await asyncio.gather(self._presses.shutdown(), self._others.shutdown())

    async def do_request(self, url: str, *args: Any, **more: Any) -> tuple[int, bytes]:
        """Makes a call; its method is the end of the address."""
        connections = self._presses if url.endswith("/answerCallbackQuery") else self._others
        return await connections.do_request(url, *args, **more)


class Client(ExtBot[int]):
    """The Bot API for one token."""

    def __init__(self, keys: TelegramKeys) -> None:
        assert keys.token is not None
        for name in (
            "httpcore",
            "httpx",
            "telegram",
        ):  # below a warning they tell addresses, which have the token in them
            logging.getLogger(name).setLevel(logging.WARNING)
        api = keys.api.rstrip("/")
        self._polls = HTTPXRequest(connection_pool_size=2, read_timeout=READ, connect_timeout=CONNECT)
        self._calls = Requests()
        super().__init__(
            token=keys.token.get_secret_value(),
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            get_updates_request=self._polls,
            request=self._calls,
            rate_limiter=Pace(),
        )

    async def updates(self, offset: int | None, allowed: tuple[str, ...], timeout: int = POLL) -> list[dict[str, Any]]:
        """Updates as they came; the library's own method would lose all for one that it cannot read.

        Args:
            offset: confirms all updates before this id.
            timeout: seconds to wait for one.
        """
        asked = {"offset": offset, "timeout": timeout, "allowed_updates": list(allowed)}
        got = await self._post("getUpdates", asked, read_timeout=timeout + READ)
        return [update for update in got if isinstance(update, dict) and isinstance(update.get("update_id"), int)]

    async def close_connections(self) -> None:
        """Ends every connection."""
        await asyncio.gather(self._polls.shutdown(), self._calls.shutdown())


def _connections() -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=CONNECTIONS,
        read_timeout=READ,
        write_timeout=READ,
        connect_timeout=CONNECT,
        pool_timeout=READ,
        media_write_timeout=60.0,
    )
