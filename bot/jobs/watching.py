"""What other processes do to the database, such as `planchette logs forget`, is followed within a minute."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from storage.errors import StorageError

if TYPE_CHECKING:
    from bot.app import Bot

PAUSE: Final = timedelta(minutes=1)

log = structlog.get_logger(__name__)


async def watch(bot: Bot) -> None:
    """Takes models out of use that somebody else has marked, and ends trainings that they have cancelled."""
    while True:
        await bot.clock.sleep_until(bot.clock.now() + PAUSE)
        try:
            await bot.lineages.resume()
            await bot.jobs.resume()
        except StorageError as fault:
            log.warning("what others have changed is followed later", reason=str(fault))
