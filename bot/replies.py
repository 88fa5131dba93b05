"""A reply to a text of the bot: its words are added to the text, and the bot writes on."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bot.commands.declaration import Command
from bot.commands.invocation import Invocation
from bot.commands.write import continued
from bot.conversation import Person, Place, parts
from bot.languages import translator
from bot.text import checked
from bot.writing import write
from generators.errors import Phrase
from storage import texts

if TYPE_CHECKING:
    from bot.app import Bot


async def write_on(bot: Bot, text: str, *, person: Person, place: Place, message: str, origin: int | None) -> bool:
    """Writes on from the place's last text and a reply to it.

    Returns:
        False where the message is not the place's last text, or the place does not want it.

    Raises:
        UserError: it cannot be written.
    """
    last = await bot.database.read(partial(texts.last, place=place.key))
    if last is None or message not in parts(last.request.get("message", "")):
        return False
    if (await bot.settings.get(place)).reply == "off":
        return False
    command = bot.commands.get("continue")
    assert isinstance(command, Command)
    bot.spend(person)
    await bot.cool(command, person, place, origin)
    translate = translator(person.language)
    invocation = Invocation(bot, person, place, command, bot.outboxes[place.platform], origin, None, translate)
    order = await continued(invocation)
    apart = "" if not order.before or order.before[-1].isspace() or text[:1].isspace() else " "
    whole = checked(order.before + apart + text, Phrase("the text with the reply"))
    await write(invocation, replace(order, before=whole, ids=None))
    return True
