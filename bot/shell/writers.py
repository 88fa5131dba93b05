"""The models that a command writes with."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias

import typer

if TYPE_CHECKING:
    from generators.completion import Generator, ModelInfo

Prompt: TypeAlias = Annotated[
    str, typer.Argument(metavar="PROMPT", help="What the text goes on from, used as it is; - reads it from stdin.")
]
ModelName: TypeAlias = Annotated[str | None, typer.Option("--model", help="NAME or NAME@VERSION; see `models list`.")]


class Written(NamedTuple):
    """A finished text."""

    text: str
    model: str
    seed: int
    tokens: int
    seconds: float


@asynccontextmanager
async def open_writer() -> AsyncIterator[Generator]:
    """Everything that this install can write with, closed at the end."""
    from bot.configuration import load_configuration
    from bot.generation import generators_of

    generator = generators_of(load_configuration())
    try:
        yield generator
    finally:
        await generator.close()


async def model_named(generator: Generator, name: str | None) -> ModelInfo:
    """The model of that name, the default without one.

    Raises:
        UnknownModel: there is none.
    """
    from bot.nearest import nearest
    from generators.errors import UnknownModel

    models = await generator.models()
    if name is None and models:
        return models[0]
    wanted, _, version = (name or "").partition("@")
    for model in models:
        if model.name == wanted and version in ("", model.version):
            return model
    raise UnknownModel(name or "", nearest(wanted, [model.name for model in models]))


def prompt_text(prompt: str) -> str:
    """The prompt as it was typed, or all of stdin where it is `-`."""
    if prompt != "-":
        return _whole(prompt)
    return _whole(sys.stdin.buffer.read().decode("utf-8", "surrogateescape"))


def _whole(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("the prompt is not UTF-8", param_hint="PROMPT") from None
    return text
