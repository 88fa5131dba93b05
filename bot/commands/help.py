"""What can be asked, as the declarations say it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from bot.commands.declaration import Command, Group, Parameter
from bot.commands.declaration import command as declare
from bot.commands.discovery import Commands
from bot.commands.faults import UnknownCommand
from bot.commands.invocation import Invocation
from bot.conversation import Message
from bot.names import nearest
from bot.values import Text, quoted
from generators.errors import Translate


@declare(name="help")
async def explain(
    invocation: Invocation, command: Annotated[Text, "a command such as story start; all of them without it"] = ""
) -> None:
    """Show what can be asked of the bot."""
    commands, translate = invocation.bot.commands, invocation.translate
    words = command.removeprefix("/").casefold().split()
    if not words:
        await invocation.answer_privately(Message("\n".join(_lines(commands.all, translate))))
        return
    found = _found(commands, words)
    if isinstance(found, Group):
        lines = [translate(found.description), *_lines(found.commands.values(), translate)]
    else:
        lines = [*_lines([found], translate), *(_option(parameter, translate) for parameter in found.parameters)]
        if found.file is not None:
            lines.append(_file(found.file, translate))
    await invocation.answer_privately(Message("\n".join(lines)))


def _found(commands: Commands, words: list[str]) -> Command | Group:
    entry = commands.get(words[0])
    if entry is None:
        raise UnknownCommand(quoted(words[0]), nearest(words[0], commands.names))
    if isinstance(entry, Command) or len(words) == 1:
        return entry
    member = entry.commands.get(words[1])
    if member is None:
        meant = nearest(words[1], entry.commands)
        raise UnknownCommand(f"{entry.name} {quoted(words[1])}", meant and f"{entry.name} {meant}")
    return member


def _lines(commands: Iterable[Command], translate: Translate) -> list[str]:
    return [f"{command.usage} – {translate(command.description)}" for command in commands]


def _file(description: str, translate: Translate) -> str:
    return translate(
        "file: {description}; on Discord it is an option, on Telegram the command is its caption, and in the web room "
        "a button beside the line sends it",
        description=translate(description),
    )


def _option(parameter: Parameter, translate: Translate) -> str:
    """`temperature: 0 always takes …; a number from 0 to 5`."""
    name, description = parameter.name, translate(parameter.description)
    if parameter.rest:
        return f"{name}: {description}"
    if parameter.kind.form == "text":
        return f"{name}=…: {description}"
    return translate(
        "{name}=…: {description}; {allowed}", name=name, description=description, allowed=parameter.kind.allowed
    )
