"""From a typed line to a command and its arguments.

    /generate temperature=0.8 length=200 Once upon a time
    /story start unit=word It was a dark night
    /settings candidates 7 scope=channel

Options come first, as `name=value` words; the rest of the line is the text, exactly as it was typed. A name that is no
option's begins the text, so `e=mc2` is text; a text that looks like an option goes behind its own name: `prompt=n=5`.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from bot.commands.declaration import Command, Group, Parameter
from bot.commands.discovery import Commands
from bot.commands.faults import ExtraArgument, GivenTwice, IncompleteCommand, MissingArgument, UnknownCommand
from bot.names import nearest
from bot.text import checked
from bot.values import quoted
from generators.errors import Phrase

COMMAND: Final = re.compile(r"/([A-Za-z][A-Za-z0-9_]*)(?:@\w+)?(?=\s|$)")  # /name@botname is Telegram's
WORD: Final = re.compile(r"\S+")
OPTION: Final = re.compile(r"([a-z][a-z0-9_]*)=")
QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(?=\s|$)', re.DOTALL)
ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
LINE: Final = 40_000  # characters: the longest prompt and its options; more is refused before it is looked at


class Parsed(NamedTuple):
    """What a line asks for; options that were left out are not among the arguments."""

    command: Command
    arguments: dict[str, Any]


def is_command(line: str) -> bool:
    """Whether a line asks something of the bot."""
    return line.startswith("/")


def parse(line: str, commands: Commands) -> Parsed:
    """Reads a line.

    Raises:
        UserError: the command is unknown, an argument is missing, superfluous or not allowed, or the text is too long.
    """
    checked(line, Phrase("the line"), LINE)
    match = COMMAND.match(line)
    if match is None:
        word = WORD.match(line.removeprefix("/"))
        raise UnknownCommand(*((quoted(word[0]), nearest(word[0], commands.names)) if word else ("",)))
    name, rest = match[1].casefold(), line[match.end() :]
    entry = commands.get(name)
    if entry is None:
        raise UnknownCommand(quoted(match[1]), nearest(name, commands.names))
    if isinstance(entry, Group):
        entry, rest = _member(entry, rest)
    return Parsed(entry, arguments(entry, rest))


def arguments(command: Command, rest: str) -> dict[str, Any]:
    """What a line says after the command's name; `rest` begins with the separator, if there is anything.

    Raises:
        UserError: see `parse`.
    """
    given = _with_text(command, command.rest, rest[1:]) if command.rest else _words(command, rest)
    for parameter in command.parameters:
        if parameter.required and parameter.name not in given:
            raise MissingArgument(command.path, parameter.name, command.usage)
    return given


def _member(group: Group, rest: str) -> tuple[Command, str]:
    word = WORD.match(rest.lstrip())
    if word is None:
        if group.default is None:
            raise IncompleteCommand(group.name, tuple(group.commands))
        return group.commands[group.default], ""
    found = group.commands.get(word[0].casefold())
    if found is None:
        meant = nearest(word[0], group.commands)
        if meant is None:
            raise IncompleteCommand(group.name, tuple(group.commands), quoted(word[0]))
        raise UnknownCommand(f"{group.name} {quoted(word[0])}", f"{group.name} {meant}")
    return found, rest.lstrip()[word.end() :]


def _with_text(command: Command, text: Parameter, rest: str) -> dict[str, Any]:
    """Options, each closed by one space, and then the text."""
    given: dict[str, Any] = {}
    while (option := OPTION.match(rest)) and (parameter := command.parameter(option[1])):
        if parameter is text:
            rest = rest[option.end() :]
            break
        value, after = _value(rest[option.end() :])
        _give(command, given, parameter, value)
        rest = after[1:]  # the space or line end that separates: all others are the text's own
    if rest:
        given[text.name] = checked(rest, _named(text), text.kind.rest or LINE)
    return given


def _named(text: Parameter) -> Phrase:
    return Phrase("the prompt") if text.name == "prompt" else Phrase("the text")


def _words(command: Command, rest: str) -> dict[str, Any]:
    """Options by name or in their order, between any white space."""
    given: dict[str, Any] = {}
    left = list(command.parameters)
    rest = rest.lstrip()
    while rest:
        option = OPTION.match(rest)
        parameter = command.parameter(option[1]) if option else None
        value, after = _value(rest[option.end() :] if option and parameter else rest)
        if parameter is None:
            unused = [other for other in left if other.name not in given]
            if not unused:
                raise ExtraArgument(command.path, quoted(value), command.usage)
            parameter = unused[0]
        _give(command, given, parameter, value)
        rest = after.lstrip()
    return given


def _give(command: Command, given: dict[str, Any], parameter: Parameter, value: str) -> None:
    if parameter.name in given:
        raise GivenTwice(parameter.name)
    given[parameter.name] = parameter.kind.parse(command.name if parameter.name == "value" else parameter.name, value)


def _value(rest: str) -> tuple[str, str]:
    """A value, quoted or one word, and what follows it."""
    if quoted_value := QUOTED.match(rest):
        return ESCAPED.sub(r"\1", quoted_value[1]), rest[quoted_value.end() :]
    word = WORD.match(rest)
    return (word[0], rest[word.end() :]) if word else ("", rest)
