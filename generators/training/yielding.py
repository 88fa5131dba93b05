"""Writing goes before training: while somebody is written for, trainings on a GPU wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

from generators.training.job_directory import JobDirectory

LOOK: Final = 0.2  # seconds between two looks at whether somebody is written for


async def give_way(running: Callable[[], Collection[JobDirectory]], wanted: Callable[[], bool]) -> None:
    """Asks trainings to wait while they are in the way, until it is cancelled; those on a processor need not.

    Args:
        running: the directories of those that run.
        wanted: whether a text is being written.
    """
    while True:
        for directory in running():
            with suppress(OSError):  # it may have ended meanwhile
                if wanted():
                    directory.waiting.touch()
                else:
                    directory.waiting.unlink(missing_ok=True)
        await asyncio.sleep(LOOK)
