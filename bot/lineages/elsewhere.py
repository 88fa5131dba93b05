"""Versions that were made on the host of the models: deleted there, too, once they are out of use or removed here.

What is to be deleted is written down first. A host that is away then is asked again by the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final

import structlog

from bot.models import REMOTE
from generators.errors import UserError
from generators.training.job_directory import read_object, write_whole
from storage.channel_models import ChannelModel

NOTES: Final = ".elsewhere.json"  # among the models: what is still to be deleted on the host
DELETE: Final = "delete"  # in the notes: names

log = structlog.get_logger(__name__)


class Elsewhere:
    """Deletes beside whatever led to it: a host that is slow holds up neither a press nor a withdrawal.

    Args:
        models: the directory of the models here.
        delete: deletes a model on the host by its name there, and waits for the network; None where no host is set.
    """

    def __init__(self, models: Path, delete: Callable[[str], None] | None) -> None:
        self._notes = models / NOTES
        self._delete = delete
        self._tried: set[str] = set()  # since the start
        self._noting = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def delete(self, rows: Iterable[ChannelModel]) -> None:
        """Deletes those of some versions that are on the host; it is noted when this returns, and done later."""
        await self._begin({row.model.removeprefix(REMOTE) for row in rows if row.model.startswith(REMOTE)})

    async def resume(self) -> None:
        """Deletes what an earlier process could not."""
        await self._begin(await asyncio.to_thread(self._noted))

    async def settled(self) -> None:
        """Returns once all is deleted that can be."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Deletes nothing more; the next start goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _begin(self, names: set[str]) -> None:
        names = names - self._tried
        if not names:
            return
        self._tried |= names
        await self._note(lambda noted: noted | names)
        task = asyncio.create_task(self._ask(sorted(names)), name="models deleted on the host")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, names: Collection[str]) -> None:
        for name in names:
            try:
                if self._delete is None:
                    log.warning("a model is still on a host that is not set any more", model=name)
                    continue
                await asyncio.to_thread(self._delete, name)
            except UserError as fault:
                log.warning(
                    "a model cannot be deleted on the host now; the next start tries again",
                    model=name,
                    reason=str(fault),
                )
            else:
                await self._note(lambda noted, name=name: noted - {name})  # type: ignore[misc]
                log.info("a model was deleted on the host", model=name)

    async def _note(self, change: Callable[[set[str]], set[str]]) -> None:
        async with self._noting:
            await asyncio.to_thread(lambda: write_whole(self._notes, {DELETE: sorted(change(self._noted()))}))

    def _noted(self) -> set[str]:
        return set(read_object(self._notes).get(DELETE, ()))
