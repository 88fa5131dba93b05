"""Talk: whoever mentions the bot, replies to it or writes to it alone is answered, where an admin wants that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversation import Person, Place

if TYPE_CHECKING:
    from bot.app import Bot


async def talk(bot: Bot, text: str, *, person: Person, place: Place, message: str | None, origin: int | None) -> bool:
    """Answers what somebody said to the bot.

    Returns:
        False where the place does not want it.
    """
    return False
