"""`planchette recipes`."""

from __future__ import annotations

from dataclasses import asdict

from bot.shell.output import Json, emit, say, table


def recipes(as_json: Json = False) -> None:
    """List the training recipes with their defaults."""
    from generators.training.recipes import RECIPES, options

    for number, recipe in enumerate(RECIPES.values()):
        if as_json:
            emit(asdict(recipe))
            continue
        say(("\n" if number else "") + f"{recipe.name}: {recipe.description}\n")
        table(
            ("option", "default", ""),
            [(f"--{option.name.replace('_', '-')}", _shown(option.default), option.help) for option in options(recipe)],
        )


def _shown(value: object) -> str:
    return (
        ",".join(map(str, value))
        if isinstance(value, tuple)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
