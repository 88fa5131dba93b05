"""What people are shown before they agree, and what holds for them: messages with buttons."""

from __future__ import annotations

from datetime import datetime

from bot.consent import wording
from bot.consent.actions import Agree, Forget, Keep, Teach, Withdraw, mark_of
from bot.consent.records import Standing
from bot.consent.wording import Wording
from bot.conversation import Button, Message, Person
from generators.errors import Translate


def asking(told: Wording, translate: Translate) -> Message:
    """Asks everybody in a channel whether its model may learn from what they write."""
    question = translate(
        "May a model of this channel learn from what you write here? Only who presses «I agree» gives anything; "
        "everybody else is left out. /privacy shows what holds for you."
    )
    buttons = (_agree(told, translate), _withdraw(translate))
    return Message(f"{question}\n\n{told.text(translate)}", buttons)


def asking_for_texts(told: Wording, translate: Translate) -> Message:
    """Asks one person who wants to give a text; nothing of it was kept."""
    question = translate(
        "Nothing is kept yet. If you agree to this, press «I agree» and ask once more what you have just asked."
    )
    given = Button(
        translate("Agree and give a text…"), str(Teach(told.number)), asks=translate("The text to learn from")
    )
    return Message(f"{question}\n\n{told.text(translate)}", (_agree(told, translate), given))


def privacy(stands: Standing, offered: Wording, translate: Translate) -> Message:
    """What holds for a person in a place, with what they can do about it.

    Args:
        offered: the wording of today for a place whose messages are collected.
    """
    on = stands.log is not None and stands.log.on
    lines = [
        translate("In this channel messages are collected of those who agree, so that a model can learn from them.")
        if on
        else translate("In this channel no messages are collected.")
    ]
    told, consent = stands.told, stands.consent
    if consent is None:
        lines.append(translate("You have not agreed here, and nothing that you write is kept to be learnt from."))
    elif told is not None and told.edition == wording.TEACH:
        lines.append(
            translate(
                "You have agreed on {day} that the texts you give with /teach are kept.", day=_day(consent.granted)
            )
        )
    else:
        lines.append(translate("You have agreed on {day} that what you write is kept.", day=_day(consent.granted)))
    lines += _kept(stands, translate)
    buttons: list[Button] = []
    if on and (told is None or told.edition == wording.TEACH):
        buttons.append(_agree(offered, translate))
        shown = offered
    else:
        shown = told or offered
    if consent is not None or stands.here:
        buttons.append(_withdraw(translate))
    explained = [shown.text(translate)] if consent is not None or on else []
    rest = translate("/mydata gives you everything as a file; /forgetme deletes everything everywhere.")
    return Message("\n\n".join(["\n".join(lines), *explained, rest]), tuple(buttons))


def forgetting(person: Person, kept: int | None, translate: Translate) -> Message:
    """Asks once before everything of a person is deleted.

    Args:
        kept: how many texts of theirs are, everywhere; None where others would read it.
    """
    lines = [
        translate(
            "This withdraws everything that you have agreed to, everywhere, and deletes at once what is stored of you. "
            "Models that learned from it are taken out of use. It cannot be taken back."
        ),
    ]
    if kept is not None:
        lines.append(_kept_everywhere(kept, translate))
    delete = Button(translate("Delete everything"), str(Forget(mark_of(person.key))))
    return Message("\n".join(lines), (delete, Button(translate("Never mind"), str(Keep()))))


def _kept(stands: Standing, translate: Translate) -> list[str]:
    lines = [translate("One text of yours is kept here.", "{count:,} texts of yours are kept here.", count=stands.here)]
    if stands.elsewhere:
        lines.append(
            translate(
                "One text of yours is kept in other places.",
                "{count:,} texts of yours are kept in other places.",
                count=stands.elsewhere,
            )
        )
    return lines


def _kept_everywhere(kept: int, translate: Translate) -> str:
    if not kept:
        return translate("No text of yours is kept to be learnt from.")
    return translate(
        "One text of yours is kept to be learnt from.",
        "{count:,} texts of yours are kept to be learnt from, everywhere together.",
        count=kept,
    )


def _agree(told: Wording, translate: Translate) -> Button:
    return Button(translate("I agree"), str(Agree(told.number)))


def _withdraw(translate: Translate) -> Button:
    return Button(translate("Withdraw and delete"), str(Withdraw()))


def _day(at: datetime) -> str:
    return at.date().isoformat()
