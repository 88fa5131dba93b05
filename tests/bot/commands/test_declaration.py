"""What a declaration says, and what it refuses to say."""

from __future__ import annotations

from types import ModuleType
from typing import Annotated, Any, Literal

import pytest

from bot.app import Bot
from bot.commands.declaration import Command, Group, Permission, command, per_person
from bot.commands.discovery import Commands, discover
from bot.commands.invocation import Invocation
from bot.values import Between, Default, Kind, Temperature, Text
from generators.completion import Unit
from tests.bot.conftest import LOBBY


@command(sets=Permission.MANAGE, cooldown=per_person(5, seconds=10))
async def paint(
    invocation: Invocation,
    colour: Annotated[Literal["red", "blue"], "what to paint with"],
    coats: Annotated[Annotated[int, Between(1, 3)], "how often"] = 1,
    what: Annotated[Text, "what to paint"] = "",
) -> None:
    """Paint something.

    Nobody sees this paragraph in a menu.
    """


def test_everything_once() -> None:
    """Name, description, options, ranges and choices come from the function itself."""
    colour, coats, what = paint.parameters

    assert (paint.name, paint.path, paint.description) == ("paint", "paint", "Paint something.")
    assert (paint.sets, paint.requires) == (Permission.MANAGE, Permission.ALL)
    assert paint.cooldown is not None
    assert (paint.cooldown.times, paint.cooldown.seconds) == (5, 10)
    assert (colour.kind.form, colour.kind.choices, colour.required) == ("choice", ("red", "blue"), True)
    assert (coats.kind.form, coats.kind.least, coats.kind.most, coats.default) == ("integer", 1, 3, 1)
    assert (what.rest, what.description) == (True, "what to paint")
    assert paint.usage == "/paint [name=value …] [what]"


def declare(hint: Any, name: str = "value", description: str = "Do it.") -> Command:
    async def function(invocation: object, **_: object) -> None: ...

    async def shown(invocation: object, value: object) -> None: ...

    shown.__annotations__ = {"invocation": object, "value": hint, "return": None}
    shown.__name__ = name
    shown.__doc__ = description
    return command()(shown)


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (Annotated[str, "x"], Kind("text")),
        (Annotated[bool, "x"], Kind("boolean")),
        (Annotated[Temperature | None, "x"], Kind("number", 0, 5)),
        (Annotated[Temperature | Default | None, "x"], Kind("number", 0, 5, unsets=True)),
        (Annotated[Unit | None, "x"], Kind("choice", choices=("token", "word", "sentence"), enumeration=Unit)),
    ],
)
def test_kinds(hint: Any, kind: Kind) -> None:
    """A type stands for a kind of value, with or without None."""
    assert declare(hint, "do").parameters[0].kind == kind


@pytest.mark.parametrize(
    ("hint", "name", "description"),
    [
        (str, "do", "An option without a description."),
        (Annotated[str, "x", "y"], "do", "An option with two."),
        (Annotated[bytes, "x"], "do", "A type that nobody can type."),
        (Annotated[int | str, "x"], "do", "Two types at once."),
        (Annotated[str, "x" * 101], "do", "An option whose description is too long."),
        (Annotated[str, "x"], "Do", "A name that Telegram refuses."),
        (Annotated[str, "x"], "d" * 33, "A name that is too long."),
        (Annotated[str, "x"], "do", "x" * 101),
        (Annotated[str, "x"], "do", ""),
    ],
)
def test_refused(hint: Any, name: str, description: str) -> None:
    """What a platform could not show is refused when the module is imported."""
    with pytest.raises((TypeError, ValueError)):
        declare(hint, name, description)


def test_two_texts() -> None:
    """Only one option can take the rest of the line."""

    async def function(invocation: object, a: object = "", b: object = "") -> None:
        """Take two texts."""

    function.__annotations__ |= {"a": Annotated[Text, "x"], "b": Annotated[Text, "x"]}

    with pytest.raises(ValueError, match="two options that take the rest"):
        command()(function)


def test_file() -> None:
    """A command may say what file it takes, which then is the name of none of its options."""

    async def keep(invocation: object, file: Annotated[str, "its name"]) -> None:
        """Keep it."""

    with pytest.raises(ValueError, match="called as its file is"):
        command(file="the file")(keep)
    with pytest.raises(ValueError, match="description of file"):
        command(file="x" * 101)(keep)
    assert command()(keep).file is None


def test_group_twice() -> None:
    """A group has each command once."""
    group = Group("group", "A group.")

    async def act(invocation: object) -> None:
        """Act."""

    group.command()(act)

    with pytest.raises(ValueError, match="declared twice"):
        group.command()(act)


def test_discovery() -> None:
    """Every family of commands is found by looking into the package."""
    commands = discover()

    assert commands.names == sorted(
        [
            "compare",
            "continue",
            "forgetme",
            "generate",
            "help",
            "log",
            "models",
            "mydata",
            "privacy",
            "relay",
            "retry",
            "settings",
            "start",
            "status",
            "story",
            "teach",
            "temperature",
            "train",
        ]
    )
    assert {command.path for command in commands.all} > {"models use", "story start", "temperature"}


def test_same_name_twice() -> None:
    """Two commands cannot have one name."""
    with pytest.raises(ValueError, match="declared twice"):
        Commands([paint, Group("paint", "A group.")])


def test_empty_package(tmp_path: object) -> None:
    """A package without modules has no commands."""
    package = ModuleType("empty")
    package.__path__ = []

    assert len(discover(package)) == 0


async def test_suggestions(bot: Bot) -> None:
    """While somebody types, what begins like it comes first."""
    model = next(command for command in bot.commands.all if command.path == "models use").parameters[0]
    name = next(command for command in bot.commands.all if command.path == "settings").parameters[0]
    assert model.kind.suggest is not None
    assert name.kind.suggest is not None

    assert await model.kind.suggest.offer(bot, LOBBY, "scr") == ["scripted"]
    assert await name.kind.suggest.offer(bot, LOBBY, "se") == ["seconds", "who_sets"]
    assert await name.kind.suggest.offer(bot, LOBBY, "", limit=2) == ["model", "temperature"]
