"""How much room a server's models take, and which of them go first."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial
from typing import Final

from bot import choice
from bot.lineages.disk import Disk
from bot.names import versioned
from bot.visibility import Owner
from storage import channel_models, jobs, stories
from storage.channel_models import ChannelModel
from storage.database import Database

COMPARED: Final = "compared"  # in a training's facts: `NAME@VERSION` of what its result is measured against


async def make_room(
    database: Database, disk: Disk, owner: Owner, limit: int, kept: Collection[str]
) -> list[ChannelModel]:
    """Deletes versions until a server's, or without servers a channel's, fit: tainted ones, then the oldest unused.

    What a place has chosen, what writes a story, what a training needs, and what is to be kept stays, even if it takes
    too much.

    Args:
        limit: bytes.
        kept: `NAME@VERSION` of what is to stay.

    Returns:
        What was deleted.
    """
    used = await in_use(database, disk) | await in_training(database)
    rows = [row for row in await database.read(channel_models.every) if Owner(row.place, row.guild).shares_with(owner)]
    sizes = {row.name: await asyncio.to_thread(disk.size, row.model, row.version) for row in rows}
    total = sum(sizes.values())
    removed = []
    for row in sorted(rows, key=lambda row: (row.tainted is None, row.used, row.made)):
        if total <= limit:
            break
        if row.name not in used and row.name not in kept and sizes[row.name]:
            await delete(database, disk, row)
            total -= sizes[row.name]
            removed.append(row)
    return removed


async def in_use(database: Database, disk: Disk) -> set[str]:
    """`NAME@VERSION` of what places have chosen and of what writes stories."""
    used = {f"{story.model}@{story.version}" for story in await database.read(stories.all_running)}
    for name in set((await database.read(choice.everywhere)).values()):
        plain, version = versioned(name)
        version = version or await asyncio.to_thread(disk.current, plain)
        if version is not None:
            used.add(f"{plain}@{version}")
    return used


async def in_training(database: Database) -> set[str]:
    """`NAME@VERSION` of what trainings that wait or run go on from, or are measured against."""
    found = await database.read(jobs.open_jobs)
    return {name for job in found for name in (job.options["base"], job.facts.get(COMPARED)) if name is not None}


async def delete(database: Database, disk: Disk, row: ChannelModel) -> None:
    """Deletes a version, and after the last one the channel's name, unless a training is about to use that.

    Its row goes after its files, so that what a crash leaves is still known to be somebody's.
    """
    await asyncio.to_thread(disk.delete, row.model, row.version)
    await database.write(partial(channel_models.remove, model=row.model, version=row.version))
    if not any(job.place == row.place for job in await database.read(jobs.open_jobs)):
        await asyncio.to_thread(disk.release, row.model)
