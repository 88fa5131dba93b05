"""`planchette recipes`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from bot.shell.output import Json, emit, note, say, table


def recipes(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The recipe whose options are shown.")] = None,
    as_json: Json = False,
) -> None:
    """List the training recipes, or the options of one."""
    from generators.training.recipes import RECIPES, options, recipe_named

    chosen = None if name is None else recipe_named(name)
    if as_json:
        for recipe in RECIPES.values() if chosen is None else (chosen,):
            emit(asdict(recipe))
        return
    if chosen is None:
        for recipe in RECIPES.values():
            say(f"{recipe.name}: {recipe.description}")
        note("`planchette recipes NAME` lists the options of one with their defaults.")
        return
    say(f"{chosen.name}: {chosen.description}\n")
    table(
        ("option", "default", ""),
        [(f"--{option.name.replace('_', '-')}", _shown(option.default), option.help) for option in options(chosen)],
    )


def _shown(value: object) -> str:
    return (
        ",".join(map(str, value))
        if isinstance(value, tuple)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
