"""What a press on a button of consent does, and what the person is told once it is committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.consent.actions import PREFIX, Action, Agree, Forget, Keep, Teach, Withdraw, mark_of, read
from bot.consent.errors import NotYours
from bot.consent.gate import Verdict
from bot.consent.records import Withdrawn
from bot.consent.submitting import submittable
from bot.consent.wording import Wording
from bot.conversation import Notice, Person, Place
from bot.games.errors import UnknownButton
from bot.languages import translator
from generators.errors import Translate

if TYPE_CHECKING:
    from bot.app import Bot


def is_meant(action: str) -> bool:
    """Whether a button is one of these."""
    return action.startswith(PREFIX)


async def press(
    bot: Bot, action: str, person: Person, place: Place, *, text: str = "", origin: int | None = None
) -> Notice:
    """Does what a button says, for the person who pressed it, in the place where it was pressed.

    Raises:
        UserError: it means nothing, or cannot be done here.
    """
    translate = translator(person.language)
    match _read(action):
        case Agree(number):
            return await _agree(bot, _told(number), person, place, translate)
        case Teach(number):
            return await _teach(bot, _told(number), person, place, text, origin, translate)
        case Withdraw():
            return Notice(withdrawn(await bot.consents.withdraw(person, place), translate))
        case Keep():
            return Notice(translate("Nothing was deleted."))
        case Forget(mark):
            if mark != mark_of(person.key):
                raise NotYours
            return Notice(forgotten(await bot.consents.forget(person), translate))


async def _agree(bot: Bot, told: Wording, person: Person, place: Place, translate: Translate) -> Notice:
    if await bot.consents.agree(person, place, told):
        return Notice(translate("Thank you. From now on this holds for you here; /privacy shows and ends it."))
    return Notice(translate("You have agreed to this already; /privacy shows and ends it."))


async def _teach(
    bot: Bot, told: Wording, person: Person, place: Place, text: str, origin: int | None, translate: Translate
) -> Notice:
    submittable(text)
    await bot.consents.agree(person, place, told)
    if await bot.consents.teach(person, place, text, origin) is Verdict.ALLOWED:
        return Notice(translate("The text is kept, and the model of this channel can learn from it. Thank you."))
    return Notice(translate("The text was not kept; /privacy shows what holds for you here."))


def withdrawn(done: Withdrawn, translate: Translate) -> str:
    """What a withdrawal did."""
    if not done.consents and not done.messages:
        return translate("There was nothing to withdraw: you had not agreed here, and nothing is kept.")
    return "\n".join((_deleted(done, translate), *_out_of_use(done, translate)))


def forgotten(done: Withdrawn, translate: Translate) -> str:
    """The same for everything."""
    all_gone = translate(
        "You are forgotten everywhere, and one text is deleted.",
        "You are forgotten everywhere, and {count:,} texts are deleted.",
        count=done.messages,
    )
    return "\n".join((all_gone, *_out_of_use(done, translate)))


def _deleted(done: Withdrawn, translate: Translate) -> str:
    return translate(
        "Your consent is withdrawn, and one text is deleted.",
        "Your consent is withdrawn, and {count:,} texts are deleted.",
        count=done.messages,
    )


def _out_of_use(done: Withdrawn, translate: Translate) -> list[str]:
    if not done.tainted:
        return []
    return [
        translate(
            "One version of a model learned from them; it is out of use until it is trained without them.",
            "{count} versions of models learned from them; they are out of use until they are trained without them.",
            count=len(done.tainted),
        )
    ]


def _read(action: str) -> Action:
    if (meant := read(action)) is None:
        raise UnknownButton
    return meant


def _told(number: int) -> Wording:
    """The wording of a button; one that nobody was ever shown is none of ours."""
    if (told := Wording.of(number)) is None or not told.offered:
        raise UnknownButton
    return told
