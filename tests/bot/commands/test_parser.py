"""From a typed line to a command and its arguments, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.declaration import Command
from bot.commands.discovery import discover
from bot.commands.parser import OPTION, is_command, parse
from bot.text import DIRECTIONS
from bot.values import Default, Kind
from generators.completion import Unit
from generators.errors import UserError

COMMANDS = discover()


def arguments(line: str) -> dict[str, Any]:
    return parse(line, COMMANDS).arguments


def render(command: Command, given: Mapping[str, Any]) -> str:
    """The line that `parse` reads as this command with these arguments."""
    line = f"/{command.path}"
    for parameter in command.parameters:
        if parameter.name in given and not parameter.rest:
            shown = parameter.kind.show(given[parameter.name])
            line += f" {parameter.name}={_quoted(shown) if _needs_quotes(shown) else shown}"
    text = given.get(command.rest.name, "") if command.rest else ""
    if text and command.rest:
        option = OPTION.match(text)
        hidden = option is not None and command.parameter(option[1]) is not None
        line += f" {command.rest.name}={text}" if hidden else f" {text}"
    return line


def _needs_quotes(value: str) -> bool:
    return not value or value.startswith('"') or any(character.isspace() for character in value)


def _quoted(value: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def sentence(line: str) -> str:
    with pytest.raises(UserError) as fault:
        parse(line, COMMANDS)
    return fault.value.sentence()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/generate", {}),
        ("/generate ", {}),
        ("/generate Once upon", {"prompt": "Once upon"}),
        ("/generate  Once  ", {"prompt": " Once  "}),
        ("/generate\nOnce\n\nupon\n", {"prompt": "Once\n\nupon\n"}),
        ("/generate\n\nOnce", {"prompt": "\nOnce"}),
        ("/generate e=mc2", {"prompt": "e=mc2"}),
        ("/generate temperature=0.8 length=200 Once", {"temperature": 0.8, "length": 200, "prompt": "Once"}),
        ("/generate temperature=0.8  Once", {"temperature": 0.8, "prompt": " Once"}),
        ("/generate temperature=0.8", {"temperature": 0.8}),
        ("/generate Once temperature=0.8", {"prompt": "Once temperature=0.8"}),
        ("/generate seed=5 colour=red n=2", {"seed": 5, "prompt": "colour=red n=2"}),
        ("/generate prompt=n=5 apples", {"prompt": "n=5 apples"}),
        ('/generate label="Ask HN" why', {"label": "Ask HN", "prompt": "why"}),
        ('/generate label="a\\"b" why', {"label": 'a"b', "prompt": "why"}),
        ('/generate label="open why', {"label": '"open', "prompt": "why"}),
        ("/generate@planchette_bot hi", {"prompt": "hi"}),
        ("/Generate hi", {"prompt": "hi"}),
        ("/story start unit=sentence solo=yes It was", {"unit": Unit.SENTENCE, "solo": True, "text": "It was"}),
        ("/story  start  It was", {"text": " It was"}),
        ("/story write  and", {"text": " and"}),
        ("/temperature 0.5", {"value": 0.5}),
        ("/temperature   value=0.5 ", {"value": 0.5}),
        ("/temperature Default", {"value": Default.DEFAULT}),
        ("/settings candidates 7 guild", {"name": "candidates", "value": "7", "scope": "guild"}),
        ("/settings candidates scope=guild 7", {"name": "candidates", "value": "7", "scope": "guild"}),
        ("/story export", {}),
        ("/story export json", {"format": "json"}),
    ],
)
def test_arguments(line: str, expected: dict[str, Any]) -> None:
    """Options come first, and the text is exactly what follows the one space behind them."""
    assert arguments(line) == expected


@pytest.mark.parametrize(
    ("line", "path"),
    [("/models", "models list"), ("/story", "story show"), ("/models use x", "models use"), ("/continue", "continue")],
)
def test_groups(line: str, path: str) -> None:
    """The second word names the command of a group; without it, the group's default runs."""
    assert parse(line, COMMANDS).command.path == path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/generat x", "There is no command /generat. Did you mean /generate?"),
        ("/generate! x", "There is no command /generate!. Did you mean /generate?"),
        ("/quux", "There is no command /quux; /help lists what there is."),
        ("/", "There is no command /; /help lists what there is."),
        ("/привет", "There is no command /привет; /help lists what there is."),
        ("/story strat x", "There is no command /story strat. Did you mean /story start?"),
        (
            "/story quux",
            "/story does not know quux; it needs one of start, join, write, pause, undo, skip, stop, show, export, "
            "teach.",
        ),
        ("/story write", "/story write needs text: /story write TEXT"),
        ("/models use", "/models use needs model: /models use MODEL"),
        ("/temperature 1 2", "/temperature has no place for 2: /temperature [value]"),
        ("/continue it", "/continue has no place for it: /continue"),
        (
            "/temperature colour=red",
            "temperature cannot be colour=red; it has to be a number from 0 to 5 or default.",
        ),
        ("/generate temperature=nan x", "temperature cannot be nan; it has to be a number from 0 to 5."),
        ("/generate temperature=-1 x", "temperature cannot be -1; it has to be a number from 0 to 5."),
        ("/generate temperature=1e9 x", "temperature cannot be 1e9; it has to be a number from 0 to 5."),
        ("/generate temperature=hot x", "temperature cannot be hot; it has to be a number from 0 to 5."),
        ("/generate temperature= x", "temperature cannot be «»; it has to be a number from 0 to 5."),
        ("/generate n=6 x", "n cannot be 6; it has to be a whole number from 1 to 5."),
        ("/generate n=" + "9" * 5_000, f"n cannot be {'9' * 59}…; it has to be a whole number from 1 to 5."),
        ("/generate seed=-1", "seed cannot be -1; it has to be a whole number from 0 to 9,223,372,036,854,775,807."),
        ("/generate n=1 n=2 x", "n is given twice; give it once."),
        ("/story start unit=letter x", "unit cannot be letter; it has to be token, word or sentence."),
        ("/story export pdf", "format cannot be pdf; it has to be md, json or html."),
        ("/generate " + "x" * 20_001, "The prompt has 20,001 characters; at most 20,000 fit, so shorten it."),
        ("/story write " + "x" * 101, "The text has 101 characters; at most 100 fit, so shorten it."),
        ("/" + "x" * 50_000, "The line has 50,001 characters; at most 40,000 fit, so shorten it."),
        ("/generate a\0b", "The line has a NUL character in it; leave it out."),
        ("/generate \ud800", "The line has half a character in it (a lone surrogate); type that character anew."),
        (
            "/generate \u202eabc",
            "The line has invisible characters in it that turn the direction of writing; leave them out.",
        ),
    ],
)
def test_wrong_line(line: str, expected: str) -> None:
    """What is wrong with a line is one sentence that names it and says what to do."""
    assert sentence(line) == expected


def test_longest_prompt() -> None:
    """A prompt of exactly 20,000 characters is taken."""
    assert len(arguments("/generate temperature=1 " + "x" * 20_000)["prompt"]) == 20_000


@pytest.mark.parametrize(
    ("line", "expected"), [("/x", True), ("/", True), ("x /x", False), (" /x", False), ("", False)]
)
def test_is_command(line: str, expected: bool) -> None:
    """Only a line that begins with a slash asks something of the bot."""
    assert is_command(line) is expected


def typed() -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).filter(
        lambda text: not DIRECTIONS.search(text)
    )


def values(kind: Kind) -> st.SearchStrategy[Any]:
    match kind.form:
        case "text":
            found: st.SearchStrategy[Any] = typed().filter(lambda text: text and text.casefold() != "default")
        case "boolean":
            found = st.booleans()
        case "choice":
            found = st.sampled_from(kind.choices)
        case "integer":
            found = st.integers(int(kind.least or 0), int(kind.most or 0))
        case "number":
            found = st.floats(kind.least, kind.most, exclude_min=kind.above)
    return found | st.just(Default.DEFAULT) if kind.unsets else found


@st.composite
def uses(draw: st.DrawFn) -> tuple[Command, dict[str, Any]]:
    command = draw(st.sampled_from(COMMANDS.all))
    arguments = {
        parameter.name: draw(values(parameter.kind))
        for parameter in command.parameters
        if parameter.required or draw(st.booleans())
    }
    if command.rest is not None and command.rest.name in arguments:
        arguments[command.rest.name] = arguments[command.rest.name][: command.rest.kind.rest]
    return command, arguments


@given(uses())
def test_round_trip(use: tuple[Command, dict[str, Any]]) -> None:
    """What a line is rendered from is what it is read as, to the last character."""
    command, arguments = use

    parsed = parse(render(command, arguments), COMMANDS)

    assert parsed == (command, arguments)


@given(st.sampled_from(["/generate ", "/story start ", "/temperature ", "/settings ", "/models use ", "/"]), st.text())
def test_any_line(start: str, rest: str) -> None:
    """Any line is read, or refused with one sentence that can be stored."""
    try:
        parse(start + rest, COMMANDS)
        told = ""
    except UserError as fault:
        told = fault.sentence()

    assert "\0" not in told
    assert told.encode("utf-8").decode("utf-8") == told
