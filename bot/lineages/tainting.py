"""Taking versions out of use that have learnt from what was withdrawn."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import choice
from bot.conversation import Message, Place
from bot.languages import translator
from bot.lineages.adoption import train_button
from bot.lineages.disk import Disk
from bot.lineages.succession import earlier, writing
from bot.names import versioned
from bot.visibility import Owner
from storage import audit, jobs
from storage.channel_models import ChannelModel

if TYPE_CHECKING:
    from bot.app import Bot

NOBODY: Final = "planchette"  # who does, in the audit, what follows from somebody else's act


async def take_out(bot: Bot, disk: Disk, models: Sequence[ChannelModel]) -> dict[Place, Message]:
    """Lets what was before write wherever some versions write, and puts these aside.

    Done a second time, it changes nothing.

    Args:
        models: as they are marked in the database already.

    Returns:
        What the channels are to be told whose model is out of use.
    """
    owners = {model.name: Owner(model.place, model.guild) for model in models}
    left: dict[Owner, str] = {}
    for key, name in (await bot.database.read(choice.everywhere)).items():
        meant = await asyncio.to_thread(_meant, disk, name, owners)
        if meant is not None:
            await _replace(bot, disk, key, owners[meant], owners)
            left[owners[meant]] = meant
    for model in models:
        await asyncio.to_thread(disk.put_aside, model.model, model.version)
    return dict([await _offer(bot, owner, name) for owner, name in left.items()])


def _meant(disk: Disk, name: str, tainted: Collection[str]) -> str | None:
    """Which of some versions a setting means, if one of them."""
    plain, version = versioned(name)
    version = version or disk.current(plain)
    if version is not None:
        return f"{plain}@{version}" if f"{plain}@{version}" in tainted else None
    return next((each for each in tainted if versioned(each)[0] == plain), None)  # nothing of it is here any more


async def _replace(bot: Bot, disk: Disk, key: str, owner: Owner, tainted: Collection[str]) -> None:
    """Sets at a place what was set there before."""
    now = await bot.database.read(partial(choice.chosen, key=key))
    instead = await earlier(bot, now, owner, tainted)

    async def store(conn: AsyncConnection) -> None:
        if (await choice.chosen(conn, key)).name == now.name:
            at = bot.clock.now()
            await choice.step_back(conn, key, instead, at)
            facts = {"model": now.name, "instead": instead.name}
            await audit.record(conn, key, NOBODY, "tainted", facts, at)

    await bot.database.write(store)
    if instead.name is not None:
        await asyncio.to_thread(disk.use, *versioned(instead.name))


async def _offer(bot: Bot, owner: Owner, name: str) -> tuple[Place, Message]:
    platform, _, id_ = owner.place.partition(":")
    place = Place(platform, id_, guild=None if owner.guild is None else owner.guild.partition(":")[2])
    newest = await bot.database.read(partial(jobs.of_place, place=owner.place, limit=1))
    translate = translator(newest[0].language if newest else "en")
    said = translate(
        "{model} has learnt from text that somebody has withdrawn, so it is out of use, and {other} writes here. "
        "An admin can have a new one trained without that text.",
        model=name,
        other=await writing(bot, place) or "–",
    )
    return place, Message(said, (train_button(translate),))
