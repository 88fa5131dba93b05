"""The one message that shows a training: redrawn at the platform's pace, the last state always."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from bot.conversation import Message, Place
from bot.pacing import Urgency
from generators.errors import UserError

if TYPE_CHECKING:
    from bot.outbox import Outbox

log = structlog.get_logger(__name__)


class Board:
    """A message that changes.

    Args:
        outbox: of its platform; None where that does not run now.
        place: where it stands.
        posted: its id on the platform.
    """

    def __init__(self, outbox: Outbox | None, place: Place, posted: str | None) -> None:
        self.posted = posted
        self._outbox = outbox
        self._place = place
        self._wanted: Message | None = None
        self._shown: Message | None = None
        self._painting: asyncio.Task[None] | None = None

    def show(self, message: Message) -> None:
        """Shows a state when the platform's pace allows it, unless a newer one has come by then."""
        self._wanted = message
        if self._painting is None and self._outbox is not None:
            self._painting = asyncio.create_task(self._paint(self._outbox), name="training shown")

    async def change(self, message: Message, urgency: Urgency = Urgency.ANSWER) -> None:
        """Shows a state at once, if the message is still there."""
        if self._outbox is None or self.posted is None:
            return
        with self._as_far_as_it_goes():
            self.posted = await self._outbox.edit(self._place, self.posted, message, urgency=urgency)

    async def finish(self, message: Message) -> None:
        """Shows the last state, as a message of its own where the one that changed is gone."""
        await self.close()
        await self.change(message)
        if self.posted is None and self._outbox is not None:
            with self._as_far_as_it_goes():
                self.posted = await self._outbox.post(self._place, message)

    async def add(self, message: Message) -> None:
        """Posts something below."""
        if self._outbox is not None:
            with self._as_far_as_it_goes():
                await self._outbox.post(self._place, message)

    async def close(self) -> None:
        """Shows nothing more."""
        if self._painting is not None:
            self._painting.cancel()
            await asyncio.gather(self._painting, return_exceptions=True)
            self._painting = None

    async def _paint(self, outbox: Outbox) -> None:
        while True:
            message = self._wanted
            if message is not None and message != self._shown and self.posted is not None:
                await self.change(message, Urgency.TALLY)
                self._shown = message
            await asyncio.sleep(outbox.tally_seconds(self._place))

    @contextmanager
    def _as_far_as_it_goes(self) -> Iterator[None]:
        """A training goes on, and ends, whether its platform shows it or not."""
        try:
            yield
        except (UserError, TimeoutError) as fault:
            log.warning("a training cannot be shown", place=self._place.key, reason=str(fault))
        except Exception:  # a platform's own
            log.exception("a training cannot be shown", place=self._place.key)
