"""Trained models that a training goes on from: what they are, and which recipe fits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from generators.errors import Phrase, Unsupported, UnusableModel
from generators.training.recipes import ADAPTING, FIRST_RECIPE, TUNING, Recipe, recipe_named


def recipe_for(name: str | None, base: Path | None, lora: bool, new_model: bool) -> Recipe:
    """The recipe that was named, or the one for a base."""
    if name is not None:
        return recipe_named(name)
    if base is None or new_model:
        return recipe_named(FIRST_RECIPE)
    return recipe_named(_tuning(base, ADAPTING if lora else TUNING))


def kind_of(base: Path) -> str:
    """What a trained model's directory says that it is.

    Raises:
        UnusableModel: its config.json cannot be read.
    """
    try:
        return str(json.loads((base / "config.json").read_text("utf-8"))["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise UnusableModel(str(base), f"its config.json cannot be read ({fault})") from fault


def labels_of(base: Path) -> list[str]:
    """Those that a trained model knows.

    Raises:
        UnusableModel: its config.json cannot be read.
    """
    try:
        return list(json.loads((base / "config.json").read_text("utf-8")).get("labels") or ())
    except (OSError, ValueError) as fault:
        raise UnusableModel(str(base), f"its config.json cannot be read ({fault})") from fault


def _tuning(base: Path, recipes: Mapping[str, str]) -> str:
    """The recipe that goes on from this kind of model.

    Args:
        base: directory of the model.
        recipes: by model_type.

    Raises:
        UnusableModel: its config.json cannot be read.
        Unsupported: there is none.
    """
    from generators.places import found

    kind = kind_of(base)
    if kind not in recipes:
        raise Unsupported(found(base).name, _untuned(kind, recipes))
    return recipes[kind]


def _untuned(kind: object, recipes: Mapping[str, str]) -> Phrase:
    known = ", ".join(sorted(recipes))
    if kind in TUNING:
        return Phrase("be trained with an adapter, because only {known} can be; leave lora out", known=known)
    return Phrase(
        "be trained further, because its kind is {kind}, and recipes go on from {known}", kind=kind, known=known
    )
