"""What writes in a place, and what steps in where a version is left."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.choice import Choice
from bot.models import pinned
from bot.names import versioned
from bot.visibility import Owner, owner_of
from generators.errors import UserError
from storage import channel_models

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.conversation import Place


async def writing(bot: Bot, place: Place) -> str | None:
    """`NAME@VERSION` of what writes in the channel of a place; None where nothing can."""
    channel = replace(place, id=owner_of(place).place.partition(":")[2], channel=None)
    try:
        info = await bot.models.at(channel).chosen(None, (await bot.settings.get(channel)).model)
    except UserError:
        return None
    return pinned(info)


async def earlier(bot: Bot, now: Choice, owner: Owner, without: Collection[str]) -> Choice:
    """What to go back to: what was set before and may still write, else what the model rests on, else nothing set.

    Args:
        now: what is set, and what was before.
        owner: where that has to be known.
        without: `NAME@VERSION` of what must not step in.
    """
    before = list(now.before)
    while before:
        name = before.pop()
        if name is None or (name not in without and await _may_write(bot, name, owner)):
            return Choice(name, tuple(before))
    bases = {row.name: row.base for row in await bot.database.read(channel_models.every)}
    base = bases.pop(now.name or "", None)
    while base is not None:
        if base not in without and await _may_write(bot, base, owner):
            return Choice(base)
        base = bases.pop(base, None)
    return Choice(None)


async def _may_write(bot: Bot, name: str, owner: Owner) -> bool:
    """Whether a model is there, is not tainted, and may be known where an owner is."""
    plain, version = versioned(name)
    rows = [row for row in await bot.database.read(channel_models.every) if row.model == plain]
    if rows:
        known = {row.name for row in await bot.lineages.usable(owner)}
        return any(row.name in known for row in rows if version in (None, row.version))
    try:
        await bot.models.find(name)
    except UserError:
        return False
    return True
