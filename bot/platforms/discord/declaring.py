"""Slash commands as Discord registers them, made from the declarations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import discord
import structlog

from bot.commands.declaration import FILE, Command, Group, Parameter, Permission
from bot.commands.discovery import Commands
from bot.commands.localization import description_localizations, name_localizations
from bot.platforms.discord.body import Json
from bot.platforms.discord.wire import Wire
from bot.values import Kind

# Discord API v10: application commands.
CHAT_INPUT, MESSAGE_MENU = 1, 3
SUBCOMMAND, STRING, INTEGER, BOOLEAN, NUMBER, ATTACHMENT = 1, 3, 4, 5, 10, 11
STRING_MOST: Final = 6000  # characters of a text option
LARGEST: Final = 2**53 - 1  # a number's absolute value
GUILD_INSTALL: Final = 0
IN_GUILDS, IN_DIRECT = 0, 1  # contexts: servers, and the bot's own direct channels

CONTINUE_THIS: Final = "Continue this"
LOCALES: Final[Mapping[str, str]] = {"de": "de", "ru": "ru", "zh-Hans": "zh-CN", "zh-Hant": "zh-TW"}

log = structlog.get_logger(__name__)


def declared(commands: Commands) -> list[Json]:
    """Everything that the application registers."""
    return [*map(_entry, commands), _everywhere({"type": MESSAGE_MENU, **_named(CONTINUE_THIS, _phrases)})]


async def sync(wire: Wire, commands: list[Json]) -> bool:
    """Registers commands where others are registered now; whether that was so."""
    if _comparable(await wire.commands()) == _comparable(commands):
        return False
    await wire.register(commands)
    log.info("commands are registered with Discord", commands=len(commands))
    return True


def asks_for_text(command: Command) -> bool:
    """Whether a text is all that a command takes: then it comes in a form, which has room for it."""
    if command.file is not None or len(command.parameters) != 1:
        return False
    return command.parameters[0].rest and command.parameters[0].required


def typed_as(kind: Kind) -> int:
    """The type of option that holds every value of a kind; numbers that it cannot hold are typed as text."""
    if kind.unsets:
        return STRING
    match kind.form:
        case "integer" if max(abs(kind.least or 0), abs(kind.most or 0)) <= LARGEST + 1:
            return INTEGER
        case "number":
            return NUMBER
        case "boolean":
            return BOOLEAN
        case _:
            return STRING


def _entry(entry: Command | Group) -> Json:
    if isinstance(entry, Command):
        told = {"type": CHAT_INPUT, **_described(entry.name, entry.description, "command"), **_options(entry)}
        return _everywhere(told | _for_admins([entry]))
    members = [
        {"type": SUBCOMMAND, **_described(member.name, member.description, "command"), **_options(member)}
        for member in entry.commands.values()
    ]
    told = {"type": CHAT_INPUT, **_described(entry.name, entry.description, "command"), "options": members}
    return _everywhere(told | _for_admins(entry.commands.values()))


def _everywhere(told: Json) -> Json:
    return told | {"contexts": [IN_GUILDS, IN_DIRECT], "integration_types": [GUILD_INSTALL]}


def _for_admins(commands: Iterable[Command]) -> Json:
    """Hides what only admins may use; a server's admins can change that, so it is checked again when it is used."""
    if all(command.requires is Permission.ADMIN for command in commands):
        return {"default_member_permissions": discord.Permissions(manage_guild=True).value}
    return {}


def _options(command: Command) -> Json:
    if asks_for_text(command):
        return {}
    in_order = sorted(command.parameters, key=lambda parameter: not parameter.required)
    options = [_option(parameter) for parameter in in_order]
    if command.file is not None:
        options.insert(0, {"type": ATTACHMENT, **_described(FILE, command.file, "option"), "required": True})
    return {"options": options} if options else {}


def _option(parameter: Parameter) -> Json:
    kind = parameter.kind
    told = {"type": typed_as(kind), **_described(parameter.name, parameter.description, "option")}
    if parameter.required:
        told["required"] = True
    if told["type"] in (INTEGER, NUMBER):
        told |= {"min_value": kind.least, "max_value": kind.most}
        if told["type"] == INTEGER:
            told |= {"min_value": _within(kind.least), "max_value": _within(kind.most)}
    elif told["type"] == STRING:
        told |= _of_text(kind)
    return told


def _of_text(kind: Kind) -> Json:
    if kind.form in ("choice", "boolean"):
        words = [*(kind.choices or ("true", "false")), *(["default"] if kind.unsets else [])]
        return {"choices": [{"name": str(word), "value": str(word)} for word in words]}
    told: Json = {}
    if kind.rest is not None:
        told["max_length"] = min(STRING_MOST, kind.rest)
    if kind.suggest is not None:
        told["autocomplete"] = True
    return told


def _within(bound: float | None) -> int | None:
    return None if bound is None else max(-LARGEST, min(LARGEST, int(bound)))


def _described(name: str, description: str, context: str) -> Json:
    return _named(name, lambda name: name_localizations(name, context)) | {  # type: ignore[arg-type]
        "description": description,
        **_localized("description_localizations", description_localizations(description)),
    }


def _named(name: str, localizations: Callable[[str], Mapping[str, str]]) -> Json:
    return {"name": name, **_localized("name_localizations", localizations(name))}


def _phrases(name: str) -> Mapping[str, str]:
    """What the entry of a message's menu is called; it is no slash command, so any short text will do."""
    return description_localizations(name)


def _localized(field: str, by_language: Mapping[str, str]) -> Json:
    found = {LOCALES[language]: text for language, text in by_language.items() if language in LOCALES}
    return {field: found} if found else {}


def _comparable(commands: Iterable[Json]) -> list[Json]:
    """Commands without what Discord adds to them, so that those registered equal those declared."""
    found = [_without_defaults(command) for command in commands]
    return sorted(found, key=lambda command: (command.get("type", CHAT_INPUT), command["name"]))


KNOWN: Final = frozenset(
    {
        *("type", "name", "name_localizations", "description", "description_localizations", "options", "choices"),
        *("value", "required", "min_value", "max_value", "min_length", "max_length", "autocomplete"),
        *("default_member_permissions", "contexts", "integration_types"),
    }
)


def _without_defaults(thing: Json) -> Json:
    kept: Json = {}
    for name, value in thing.items():
        if name not in KNOWN or value is None or value is False or value in ("", [], {}):
            continue
        kept[name] = _compared(name, value)
    return kept


def _compared(name: str, value: Any) -> Any:
    if name in ("options", "choices"):
        return [_without_defaults(each) for each in value]
    if name in ("contexts", "integration_types"):
        return sorted(value)
    if name == "default_member_permissions":
        return str(value)  # it is asked for as a number, and told as text
    return value
