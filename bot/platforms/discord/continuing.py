"""«Continue this»: what to write on from a message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.conversation import Place, parts
from bot.platforms.discord.body import Json
from bot.platforms.discord.text import unescaped
from bot.writing import MARK
from generators.errors import Translate, UserError, english
from storage import texts

if TYPE_CHECKING:
    from bot.app import Bot

FOOTER: Final = re.compile(r"\n\n(?:\([^\n]*\)\n)*— model=\S+ [^\n]*\Z")  # what decided a text


@dataclass(eq=False)
class NoText(UserError):
    """A message without a text was to be continued."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("This message has no text that could be continued; choose one that has.")


async def continuation(bot: Bot, place: Place, target: Json, me: int) -> tuple[str, dict[str, str]]:
    """The command that writes a message on, and its options.

    Args:
        target: the message as Discord describes it.
        me: the bot's id, whose messages are escaped and say what decided them.

    Raises:
        NoText: there is none in it.
    """
    text = str(target.get("content") or "")
    if str(target.get("author", {}).get("id")) == str(me):
        last = await bot.database.read(partial(texts.last, place=place.key))
        if last is not None and str(target["id"]) in parts(last.request.get("message", "")):
            return "continue", {}
        text = FOOTER.sub("", unescaped(text)).replace(MARK, "", 1)
    if not text.strip():
        raise NoText
    return "generate", {"prompt": text}
