"""What follows when a place is gone or has another id: what runs there, and all that is stored of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

from bot.conversation import Place
from storage.below import places_of
from storage.forgetting import forget
from storage.moving import move

if TYPE_CHECKING:
    from bot.app import Bot


async def gone(bot: Bot, platform: str, ids: Collection[str], guild: str | None = None) -> None:
    """Ends what runs at places, below them, or anywhere in a guild, without a word, and forgets what was set there."""
    await _leave(bot, _among(platform, ids, guild))
    places = await bot.database.read(partial(places_of, platform=platform, ids=ids, guild=guild))
    for place in places.keys:  # first: once the place is forgotten nothing tells whose they were
        await asyncio.to_thread(bot.uploads.forget, place)
    tainted = await bot.database.write(partial(forget, places=places, at=bot.clock.now()))
    await bot.lineages.tainted(tainted)
    await bot.lineages.clear()
    await bot.collecting.look_again()
    await bot.jobs.resume()
    await bot.database.purge()


async def moved(bot: Bot, platform: str, old: str, new: str) -> None:
    """Takes all of a place along to its new id, where what runs is shown anew.

    Where that cannot be stored, it goes on where it was.
    """
    places = _among(platform, {old, new})
    try:
        async with bot.jobs.waiting():
            await _leave(bot, places)
            await asyncio.to_thread(bot.uploads.copy, f"{platform}:{old}", f"{platform}:{new}")
            await bot.database.write(partial(move, platform=platform, old=old, new=new, at=bot.clock.now()))
            await asyncio.to_thread(bot.uploads.forget, f"{platform}:{old}")
    except Exception:
        await bot.resume()
        raise
    await bot.collecting.look_again()
    await _leave(bot, places)  # what was begun at the old id while this was stored, and has moved with the rest
    await bot.resume()


async def _leave(bot: Bot, places: Callable[[Place], bool]) -> None:
    await bot.tables.leave(places)
    await bot.games.leave(places)
    await bot.jobs.leave(places)


def _among(platform: str, ids: Collection[str], guild: str | None = None) -> Callable[[Place], bool]:
    """Whether a place is one of some, a thread of one, or belongs to a guild."""

    def among(place: Place) -> bool:
        if place.platform != platform:
            return False
        return place.id in ids or place.channel in ids or (guild is not None and place.guild == guild)

    return among
