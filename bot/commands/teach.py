"""Texts that people give for the channel's model to learn from."""

from __future__ import annotations

from typing import Annotated

from bot.commands.declaration import command
from bot.commands.invocation import Invocation
from bot.consent import Verdict
from bot.consent.submitting import refused, submittable
from bot.values import Text


@command()
async def teach(
    invocation: Invocation, text: Annotated[Text, "what the model is to learn from, as it is to stand"]
) -> None:
    """Give a text that this channel's model may learn from; the first time you are asked to agree."""
    submittable(text)
    bot, person, place = invocation.bot, invocation.person, invocation.place
    verdict = await bot.consents.teach(person, place, text, invocation.origin)
    if verdict is Verdict.ALLOWED:
        await invocation.answer_privately(
            "The text is kept, and the model of this channel can learn from it. Thank you."
        )
    else:
        await invocation.answer_privately(await refused(bot, verdict, person, place))
