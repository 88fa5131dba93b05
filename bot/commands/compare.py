"""Asking several models for a text each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

from bot.commands.declaration import command, per_person, per_place
from bot.commands.invocation import Invocation
from bot.comparing import compare as write_each
from bot.values import Length, Models, OfLabel, OfTemperature, OfTopK, OfTopP, Seed, Text, quoted
from bot.writing import Order
from generators.errors import InvalidValue, Phrase, Translate, UserError, english

FEWEST: Final = 2
MOST: Final = 4


@dataclass(eq=False)
class NothingToCompare(UserError):
    """A comparison where only one model is installed."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "{name} is the only model here; planchette train makes another one, planchette models import brings one.",
            name=self.name,
        )


@command(cooldown=per_person(3, seconds=20), place_cooldown=per_place(10, seconds=60))
async def compare(
    invocation: Invocation,
    prompt: Annotated[Text, "the text goes on from here"] = "",
    models: Annotated[Models | None, "2 to 4 models with commas between them"] = None,
    temperature: OfTemperature = None,
    length: Annotated[Length | None, "tokens to write"] = None,
    top_k: OfTopK = None,
    top_p: OfTopP = None,
    seed: Annotated[Seed | None, "the same seed writes the same text"] = None,
    label: OfLabel = None,
) -> None:
    """Let models write from the same beginning, side by side."""
    names = await _by_default(invocation) if models is None else _named(models)
    for name in names:
        await invocation.models.find(name)  # so that a wrong name costs nothing
    invocation.bot.spend(invocation.person, len(names) - 1)  # each text counts; the first was counted as the command
    order = Order(None, prompt, None, temperature, length, top_k, top_p, seed, label=label)
    await write_each(invocation, order, names)


def _named(models: str) -> list[str]:
    """The names in what somebody typed.

    Raises:
        InvalidValue: they are too few or too many.
    """
    names = list(dict.fromkeys(name for name in re.split(r"[,\s]+", models) if name))
    if not FEWEST <= len(names) <= MOST:
        raise InvalidValue(
            "models",
            quoted(models),
            Phrase("{fewest} to {most} different models with commas between them", fewest=FEWEST, most=MOST),
        )
    return names


async def _by_default(invocation: Invocation) -> list[str]:
    """What writes here, and the first of the others.

    Raises:
        UserError: there are no two.
    """
    here = await invocation.models.chosen(None, (await invocation.settings.get()).model)
    others = [info.name for info in await invocation.models.all() if info.name != here.name]
    if not others:
        raise NothingToCompare(here.name)
    return [here.name, others[0]]
