"""Writing goes before training: while somebody is written for, trainings on a GPU wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from generators.training.job_directory import FRESH, JobDirectory

LOOK: Final = 0.2  # seconds between two looks at whether somebody is written for
AGAIN: Final = FRESH / 3  # … and between two requests to one training, which hold for three times as long


async def give_way(running: Callable[[], Collection[JobDirectory]], wanted: Callable[[], bool]) -> None:
    """Asks trainings to wait while they are in the way, until it is cancelled; those on a processor need not.

    Args:
        running: the directories of those that run.
        wanted: whether a text is being written.
    """
    asked: dict[Path, float] = {}  # when each was asked to wait
    while True:
        now, directories = time.monotonic(), running()
        if wanted():
            stale = [each for each in directories if now - asked.get(each.path, -AGAIN) >= AGAIN]
            asked |= dict.fromkeys((each.path for each in stale), now)
            await _change(stale, lambda directory: directory.waiting.touch())
        elif asked:
            asked.clear()
            await _change(directories, lambda directory: directory.waiting.unlink(missing_ok=True))
        await asyncio.sleep(LOOK)


async def _change(directories: Collection[JobDirectory], change: Callable[[JobDirectory], None]) -> None:
    """Changes files beside the event loop."""
    for directory in directories:
        with suppress(OSError):  # it may have ended meanwhile
            await asyncio.to_thread(change, directory)
