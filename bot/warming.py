"""Loading the default model before anybody asks for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from bot.models import pinned
from generators.completion import CompletionRequest, Finished, Priority
from generators.errors import UserError

if TYPE_CHECKING:
    from bot.app import Bot

PAUSE: Final = 5.0  # seconds between attempts: a host that starts beside us needs some

log = structlog.get_logger(__name__)


class Warming:
    """Writes one token with the default model, until that succeeds."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self.done = False  # whether the model can write

    async def run(self) -> None:
        """Returns once the model can write."""
        told = ""
        while not self.done:
            try:
                await self._write()
            except UserError as fault:
                if str(fault) != told:  # once, not every five seconds
                    told = str(fault)
                    log.warning("the default model is not ready", reason=told)
                await asyncio.sleep(PAUSE)
            except Exception:
                log.exception("the default model cannot be loaded")
                await asyncio.sleep(PAUSE)

    async def _write(self) -> None:
        info = await self._bot.models.default()
        request = CompletionRequest(model=pinned(info), max_tokens=1, temperature=0, priority=Priority.SAMPLE)
        async with self._bot.generator.complete(request) as events:
            async for event in events:
                if isinstance(event, Finished):
                    self.done = True
