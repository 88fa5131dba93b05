"""Says what has become of a place's models, beside whatever led to it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import structlog

from bot.conversation import Message, Place
from bot.lineages.retelling import Retold
from generators.errors import UserError

if TYPE_CHECKING:
    from bot.app import Bot

log = structlog.get_logger(__name__)


class Telling:
    """Posts that nobody waits for: a slow platform holds up neither a press nor a withdrawal."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._tasks: set[asyncio.Task[None]] = set()

    def say(self, place: Place, message: Message) -> None:
        """Posts a message; where that cannot be done, it is logged."""
        self._begin(self._post(place, message))

    def change(self, retold: Retold) -> None:
        """Lets a message say something else; where that cannot be done, it is logged."""
        self._begin(self._post(retold.place, retold.message, retold.posted))

    async def settled(self) -> None:
        """Returns once all is said."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Says nothing any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, place: Place, message: Message, instead: str | None = None) -> None:
        outbox = self._bot.outboxes.get(place.platform)
        if outbox is None:
            return
        try:
            if instead is None:
                await outbox.post(place, message)
            else:
                await outbox.edit(place, instead, message)
        except UserError as fault:
            log.warning("a change of the model could not be told", place=place.key, reason=str(fault))
        except Exception:
            log.exception("a change of the model could not be told", place=place.key)
