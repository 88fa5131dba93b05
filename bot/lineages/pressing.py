"""What a press on the button of a channel's model does, and what the person is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.commands.faults import NotAllowed
from bot.conversation import Message, Notice, Person, Place
from bot.games.errors import UnknownButton
from bot.languages import translator
from bot.lineages import actions
from bot.lineages.errors import NoSuchVersion
from storage.channel_models import ChannelModel

if TYPE_CHECKING:
    from bot.app import Bot


async def press(bot: Bot, action: str, person: Person, place: Place, origin: int | None = None) -> Notice:
    """Does what a button says.

    Raises:
        UserError: it means nothing, or the person may not do it.
    """
    translate, meant = translator(person.language), actions.read(action)
    match meant:
        case None:
            raise UnknownButton
        case actions.TrainAgain():
            _demand(person, "train start")
            await bot.invoke("/train start", person=person, place=place, origin=origin)
            return Notice(translate("This is as if you had typed /train start."))
        case actions.Use():
            _demand(person, "models use")
            row = await _marked(bot, meant.mark, place)
            if not await bot.lineages.use(row, person, place, origin):
                return Notice(translate("{model} writes here already.", model=row.name))
            return Notice(translate("{model} writes here now.", model=row.name))
        case actions.RollBack():
            _demand(person, "models rollback")
            row = await _marked(bot, meant.mark, place)
            done = await bot.lineages.roll_back(row.model, person, place, origin, row.version)
            if done.new:
                bot.lineages.say(place, Message(done.sentence(translate)))
            return Notice(translate("{model} writes here now.", model=done.writes))


def _demand(person: Person, command: str) -> None:
    if not person.admin:
        raise NotAllowed(command)


async def _marked(bot: Bot, mark: str, place: Place) -> ChannelModel:
    for row in await bot.lineages.known(place):
        if actions.mark_of(row.name) == mark:
            return row
    raise NoSuchVersion
