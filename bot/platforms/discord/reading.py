"""What an interaction says: which command, with which arguments and which file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.commands.declaration import Command, Parameter
from bot.commands.faults import MissingArgument
from bot.platforms.discord.body import Json
from bot.platforms.discord.declaring import ATTACHMENT, SUBCOMMAND
from bot.platforms.discord.heard import File
from bot.text import LONGEST_PROMPT, checked
from generators.errors import Phrase

GROUP: Final = 2  # Discord API v10, application command option types


def named(data: Json) -> tuple[str, list[Json]]:
    """The path of a command as people type it, and the options that were filled in."""
    path, options = [str(data["name"])], data.get("options") or []
    while options and options[0]["type"] in (SUBCOMMAND, GROUP):
        path.append(str(options[0]["name"]))
        options = options[0].get("options") or []
    return " ".join(path), options


def texts(options: Sequence[Json]) -> dict[str, str]:
    """Each option's value as somebody would type it."""
    return {str(option["name"]): _text(option["value"]) for option in options if option["type"] != ATTACHMENT}


def file(data: Json, options: Sequence[Json]) -> File | None:
    """The file that was chosen, if any was."""
    chosen = next((str(option["value"]) for option in options if option["type"] == ATTACHMENT), None)
    if chosen is None:
        return None
    found = data["resolved"]["attachments"][chosen]
    return File(str(found["filename"]), str(found["url"]), int(found["size"]))


def arguments(command: Command, given: Mapping[str, str]) -> dict[str, Any]:
    """What a command's function takes.

    Raises:
        UserError: a value is missing, not allowed, or too long.
    """
    known = {parameter.name: parameter for parameter in command.parameters}
    found = {name: _argument(command, known[name], text) for name, text in given.items() if name in known}
    for parameter in command.parameters:
        if parameter.required and parameter.name not in found:
            raise MissingArgument(command.path, parameter.name, command.usage)
    return found


def _argument(command: Command, parameter: Parameter, text: str) -> Any:
    what = Phrase("the prompt") if parameter.name == "prompt" else Phrase("the text")
    checked(text, what, parameter.kind.rest or LONGEST_PROMPT)
    return parameter.kind.parse(command.name if parameter.name == "value" else parameter.name, text)


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
    return str(value)
