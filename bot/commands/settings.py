"""What a place has set: shown to whoever asks, set by those who may."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from bot.commands.declaration import Permission, command
from bot.commands.invocation import Invocation
from bot.conversation import Message
from bot.places import SETTINGS, Scope
from bot.values import DARING, Default, Suggest, Temperature

Name: TypeAlias = Annotated[str, Suggest(tuple(SETTINGS))]


@command(sets=Permission.MANAGE)
async def temperature(
    invocation: Invocation,
    value: Annotated[Temperature | Default | None, DARING] = None,
) -> None:
    """Show or set how daring this place's texts are."""
    if value is None:
        await invocation.answer_privately(await invocation.settings.explanation("temperature"))
    elif isinstance(value, Default):
        await invocation.settings.unset("temperature")
        await invocation.answer(await invocation.settings.explanation("temperature"))
    else:
        await invocation.settings.set("temperature", value)
        await invocation.answer("The temperature here is now {value:g}.", value=value)


@command(sets=Permission.ADMIN)
async def settings(
    invocation: Invocation,
    name: Annotated[Name | None, "one setting; all of them without it"] = None,
    value: Annotated[str | None, "what to set it to; default unsets it"] = None,
    scope: Annotated[Scope, "where it is to hold"] = "here",
) -> None:
    """Show what is set here and where that comes from, or set it."""
    if name is None:
        lines = await invocation.bot.settings.explanations(invocation.place, invocation.translate)
        await invocation.answer_privately(Message("\n".join(lines.values())))
    elif value is None:
        await invocation.answer_privately(await invocation.settings.explanation(name))
    else:
        await invocation.settings.set(name, value, scope)
        await invocation.answer(await invocation.settings.explanation(name))
