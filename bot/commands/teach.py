"""Texts that people give for the channel's model to learn from."""

from __future__ import annotations

from typing import Annotated

from bot.commands.declaration import command
from bot.commands.invocation import Invocation
from bot.consent import Verdict, wording
from bot.consent.asking import asking_for_texts
from bot.consent.errors import NoPermission
from bot.consent.submitting import submittable
from bot.values import Text


@command()
async def teach(
    invocation: Invocation, text: Annotated[Text, "what the model is to learn from, as it is to stand"]
) -> None:
    """Give a text that this channel's model may learn from; the first time you are asked to agree."""
    submittable(text)
    desk, person, place = invocation.bot.consents, invocation.person, invocation.place
    match await desk.teach(person, place, text, invocation.origin):
        case Verdict.ALLOWED:
            await invocation.answer_privately(
                "The text is kept, and the model of this channel can learn from it. Thank you."
            )
        case Verdict.NO_PERMISSION:
            raise NoPermission
        case _:
            stands = await desk.standing(person, place)
            edition = wording.TEACH if stands.consent is None else wording.LOG
            told = desk.wording(edition)
            await invocation.answer_privately(asking_for_texts(told, invocation.translate))
