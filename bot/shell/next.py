"""`planchette next`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell.output import Json, emit, say
from bot.shell.writers import Labels, ModelName, Prompt, at_temperature, label_of, open_desk, prompt_text, tell_dropped

if TYPE_CHECKING:
    from generators.completion import Alternative


class Unit(StrEnum):
    """What one continuation is."""

    TOKEN = "token"
    WORD = "word"


def next_(
    prompt: Prompt = "",
    model: ModelName = None,
    top: Annotated[int, typer.Option(help="How many; 0 for the whole vocabulary.")] = 10,
    unit: Annotated[Unit, typer.Option(help="What to show.")] = Unit.TOKEN,
    temperature: Annotated[float, typer.Option(help="Rescales the probabilities; 1 keeps the model's own.")] = 1.0,
    label: Labels = None,
    as_json: Json = False,
) -> None:
    """Show what could come next, with the model's probabilities."""
    if unit is Unit.WORD and top == 0:
        raise typer.BadParameter("there is no list of all words; name a number", param_hint="--top")
    if unit is Unit.WORD and temperature != 1:
        raise typer.BadParameter("words have probabilities at temperature 1 only", param_hint="--temperature")
    at_temperature(temperature)
    _check(top, unit)
    if unit is Unit.WORD:
        found = asyncio.run(_words(prompt_text(prompt), model, label_of(label), top))
    else:
        most = None if temperature != 1 or top == 0 else top
        found = asyncio.run(_tokens(prompt_text(prompt), model, label_of(label), most))
    shown = _rescaled(found, temperature)[: top or None]
    if as_json:
        emit({"candidates": [{"text": text, "probability": probability} for text, probability in shown]})
        return
    from bot.games.show import readable

    for text, probability in shown:
        say(f"{probability:8.3%}  {readable(text)}")


def _check(top: int, unit: Unit) -> None:
    from generators.engine.intake import MOST_UNITS
    from generators.errors import InvalidValue

    if unit is Unit.WORD and not 1 <= top <= MOST_UNITS:
        raise InvalidValue("top", top, f"a whole number from 1 to {MOST_UNITS} where words are shown")
    if top < 0:
        raise InvalidValue("top", top, "a whole number from 0 (the whole vocabulary) up")


async def _words(prompt: str, name: str | None, label: str | None, top: int) -> Sequence[Alternative]:
    from generators.candidates import candidates
    from generators.completion import Unit as GeneratorUnit

    async with open_desk() as desk:
        info = await desk.model(name, label)
        offered = await candidates(
            desk.generator, model=name or info.name, prompt=prompt, unit=GeneratorUnit.WORD, n=top, label=label
        )
    tell_dropped(offered.dropped)
    return offered.alternatives


async def _tokens(prompt: str, name: str | None, label: str | None, top: int | None) -> Sequence[Alternative]:
    from generators.completion import CompletionRequest, Piece, Started

    async with open_desk() as desk:
        info = await desk.model(name, label)
        request = CompletionRequest(
            prompt=prompt,
            model=name or info.name,
            max_tokens=1,
            temperature=0.0,
            logprobs=top,
            label=label,
        )
        async with desk.generator.complete(request) as events:
            async for event in events:
                if isinstance(event, Started):
                    tell_dropped(event.dropped)
                if isinstance(event, Piece):
                    return event.alternatives
    return ()


def _rescaled(alternatives: Sequence[Alternative], temperature: float) -> list[tuple[str, float]]:
    """Texts and their probabilities, the likeliest first, in proportion to p^(1/T)."""
    from math import exp, fsum

    ordered = sorted(alternatives, key=lambda one: -one.logprob)
    if temperature == 1:
        return [(one.text, exp(one.logprob)) for one in ordered]
    if temperature == 0:
        return [(one.text, float(rank == 0)) for rank, one in enumerate(ordered)]
    weights = [exp((one.logprob - ordered[0].logprob) / temperature) for one in ordered]
    total = fsum(weights)
    return [(one.text, weight / total) for one, weight in zip(ordered, weights, strict=True)]
