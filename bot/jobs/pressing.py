"""What a press on a training's button does, and what the person is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversation import Notice, Person, Place
from bot.games.errors import UnknownButton
from bot.jobs import actions
from bot.jobs.errors import AdminsTrain
from bot.jobs.rights import may_decide
from bot.languages import translator

if TYPE_CHECKING:
    from bot.app import Bot


async def press(bot: Bot, action: str, person: Person, place: Place) -> Notice:
    """Does what a button says.

    Raises:
        UserError: it means nothing, or may not or cannot be done.
    """
    pressed, translate = actions.read(action), translator(person.language)
    if pressed is None:
        raise UnknownButton
    if not await may_decide(bot.outboxes.get(place.platform), person, place):
        raise AdminsTrain
    if pressed.kind == "cancel":
        await bot.jobs.cancel(place, person, pressed.job)
        return Notice(translate("The training is cancelled."))
    waiting = await bot.jobs.begin(pressed.job, person, place)
    if waiting:
        return Notice(translate("The training waits: {place} in the queue.", place=waiting))
    return Notice(translate("The training begins."))
