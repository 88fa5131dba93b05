"""Gates at which operations wait: beside the loop on SQLite, in it on a server."""

from __future__ import annotations

import asyncio
import threading

from sqlalchemy.ext.asyncio import AsyncConnection

from tests.patience import PATIENCE


class Gate:
    """Closed until somebody opens it, from whichever thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def open(self) -> None:
        """Lets everybody through."""
        self._event.set()

    async def passed(self, conn: AsyncConnection) -> None:
        """An operation waits until it is open."""
        if conn.dialect.name == "sqlite":
            assert self._event.wait(PATIENCE)
        else:
            await self.opened()

    async def opened(self) -> None:
        """A test waits until it is open."""
        async with asyncio.timeout(PATIENCE):
            while not self._event.is_set():  # noqa: ASYNC110  # it may be opened in another thread
                await asyncio.sleep(0.001)
