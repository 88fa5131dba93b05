"""The models that a command writes with."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias

import typer

from bot.shell.errors import NotUtf8
from bot.shell.output import note
from bot.text import begun, checked
from generators.errors import Phrase

if TYPE_CHECKING:
    from bot.models import Models
    from generators.completion import Generator, ModelInfo

Prompt: TypeAlias = Annotated[
    str, typer.Argument(metavar="PROMPT", help="What the text goes on from, used as it is; - reads it from stdin.")
]
ModelName: TypeAlias = Annotated[str | None, typer.Option("--model", help="NAME or NAME@VERSION; see `models list`.")]

Labels: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--label", help="Kind of text, one of the model's; commas, or repeating it, join several."),
]


class Written(NamedTuple):
    """A finished text."""

    text: str
    model: str
    seed: int
    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command writes with.

    Attributes:
        generator: everything that this install can write with.
        models: how a person names it.
    """

    generator: Generator
    models: Models

    async def model(self, name: str | None, label: str | None = None) -> ModelInfo:
        """The model of that name, the default without one.

        Args:
            label: that it has to have.

        Raises:
            UserError: there is none, or it does not have the label.
        """
        info = await self.models.chosen(name, None)
        await self.models.check_label(label, info)
        return info


@asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    """All that is there to write with, closed at the end."""
    from bot.configuration import load_configuration
    from bot.generation import generators_of
    from bot.models import Models

    configuration = load_configuration()
    generator = generators_of(configuration)
    try:
        yield Desk(generator, Models(generator, configuration.models.default))
    finally:
        await generator.close()


def prompt_text(prompt: str) -> str:
    """The prompt as it was typed, or all of stdin where it is `-`.

    Raises:
        UserError: see `text_of`.
    """
    if prompt == "-":
        if sys.stdin is None:
            raise typer.BadParameter("stdin is closed, so there is nothing to read", param_hint="PROMPT")
        prompt = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    return text_of(prompt, Phrase("the prompt"))


def text_of(typed: str, what: Phrase) -> str:
    """A text from the command line, never changed.

    Raises:
        UserError: it is too long, not UTF-8, or cannot be shown.
    """
    try:
        typed.encode()
    except UnicodeEncodeError:
        raise NotUtf8(begun(str(what))) from None
    return checked(typed, what)


def some(name: str, text: str) -> str:
    """The text of an option that makes no sense when it is empty.

    Raises:
        UserError: it is, or see `text_of`.
    """
    from generators.errors import InvalidValue

    if not text:
        raise InvalidValue(name, text, "a text of at least one character")
    return text_of(text, Phrase("the {name}", name=name))


def label_of(labels: list[str] | None) -> str | None:
    """The kind of text that one or several labels together ask for, as a request has it.

    Raises:
        UserError: one of them is no label.
    """
    return ",".join(some("label", label) for label in labels) if labels else None


def at_temperature(value: float) -> float:
    """A temperature from the command line.

    Raises:
        InvalidValue: it is none.
    """
    from generators.completion import Sampling

    return Sampling(temperature=(value,)).temperature[0]


def tell_dropped(tokens: int) -> None:
    """Says on stderr how much of a prompt's front is not read."""
    if tokens:
        note(f"The first {tokens:,} tokens of the prompt do not fit into what the model can look back on.")
