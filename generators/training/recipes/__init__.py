"""Recipes: everything that decides a training, with defaults and the reasons for them."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from generators.training.errors import NoSuchRecipe
from generators.training.recipes.base import Option, Recipe, changed, options
from generators.training.recipes.charrnn import CHARRNN, CharRNNRecipe
from generators.training.recipes.gpt2 import GPT2, GPT2LoRARecipe, GPT2Recipe

__all__ = [
    "ADAPTING",
    "FIRST_RECIPE",
    "LIGHT",
    "RECIPES",
    "TUNING",
    "CharRNNRecipe",
    "GPT2LoRARecipe",
    "GPT2Recipe",
    "Option",
    "Recipe",
    "changed",
    "flags",
    "options",
    "recipe_named",
]

RECIPES: Final[Mapping[str, Recipe]] = {recipe.name: recipe for recipe in (*CHARRNN, *GPT2)}
FIRST_RECIPE: Final = "textgenrnn"
TUNING: Final = {"charrnn": "charrnn-tune", "gpt2": "gpt2-tune"}  # by a base's model_type
ADAPTING: Final = {"gpt2": "gpt2-lora"}  # the same with --lora
LIGHT: Final = {**TUNING, **ADAPTING}  # the same in jobs, beside which somebody is written for


def flags() -> frozenset[str]:
    """Options of any recipe that are on or off."""
    return frozenset(item.name for recipe in RECIPES.values() for item in options(recipe) if item.type is bool)


def recipe_named(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        InvalidValue: there is none.
    """
    if name not in RECIPES:
        nearest = get_close_matches(name.lower(), RECIPES, n=1)
        raise NoSuchRecipe("recipe", name, f"one of {', '.join(RECIPES)}", nearest[0] if nearest else None)
    return RECIPES[name]
