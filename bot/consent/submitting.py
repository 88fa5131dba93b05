"""Texts that people give with /teach: what can be one, and what is said where the gate refuses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.consent import wording
from bot.consent.asking import asking_for_texts
from bot.consent.errors import NoPermission, NothingToTeach
from bot.consent.gate import Verdict
from bot.conversation import Message, Person, Place
from bot.languages import translator
from bot.text import LONGEST_PROMPT, checked, is_visible
from generators.errors import Phrase

if TYPE_CHECKING:
    from bot.app import Bot


def submittable(text: str) -> str:
    """The text itself, once it is sure that it can be stored and that there is something to learn in it.

    Raises:
        UserError: it is empty, too long, or has characters that cannot be stored.
    """
    if not any(map(is_visible, checked(text, Phrase("the text"), LONGEST_PROMPT))):
        raise NothingToTeach
    return text


async def refused(bot: Bot, verdict: Verdict, person: Person, place: Place) -> Message:
    """Asks whoever gives something to agree first; who agreed to other things is asked for all.

    Raises:
        NoPermission: nothing can be given on this platform.
    """
    if verdict is Verdict.NO_PERMISSION:
        raise NoPermission
    stands = await bot.consents.standing(person, place)
    edition = wording.TEACH if stands.consent is None else wording.log_on(place.platform)
    return asking_for_texts(bot.consents.wording(edition), translator(person.language))
