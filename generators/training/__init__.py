"""Training: documents, recipes, and models that are published whole or not at all.

Importing this brings neither torch nor transformers; `train` does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from generators.errors import InvalidValue, MissingExtra, Phrase, Unsupported, UnusableModel
from generators.training.corpus import Corpus, Document, Documents
from generators.training.errors import CannotResume, NothingToLearn, UnreadableSource
from generators.training.progress import Progress, Sample, TrainedModel
from generators.training.recipes import (
    ADAPTING,
    FIRST_RECIPE,
    RECIPES,
    TUNING,
    Option,
    Recipe,
    changed,
    options,
    recipe_named,
)

__all__ = [
    "RECIPES",
    "CannotResume",
    "Corpus",
    "Document",
    "Documents",
    "NothingToLearn",
    "Option",
    "Progress",
    "Sample",
    "TrainedModel",
    "UnreadableSource",
    "options",
    "recipe_named",
    "train",
]


def train(
    sources: Sequence[Path],
    *,
    recipe: str | None = None,
    base: Path | None = None,
    lora: bool = False,
    output: Path,
    documents: Documents | None = None,
    label_column: str | None = None,
    options: Mapping[str, str] | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
) -> TrainedModel:
    """Trains a model on files; heavy and long: in a process of its own where anything else has to go on.

    Args:
        sources: text, CSV, TSV or JSON lines; see `Corpus`.
        recipe: a name of `RECIPES`; None takes the one for the base, or `textgenrnn`.
        base: directory of a trained model to go on from.
        lora: leaves the base as it is and trains a small adapter beside it.
        output: directory of the model's name; the model is published in `output/VERSION`, and what an interrupted
            training needs lies in `.NAME.training` beside it until then.
        documents: what a document of a text file is.
        label_column: column that holds a document's label.
        options: fields of the recipe to change, as they are typed.
        resume: go on with the interrupted training of this output.
        progress: called now and then, and at every check.

    Raises:
        MissingExtra: torch or transformers is not installed.
        UserError: an option, a source or the base cannot be used; nothing is changed then.
    """
    chosen = recipe_named(recipe or (FIRST_RECIPE if base is None else _tuning(base, ADAPTING if lora else TUNING)))
    _check(chosen, base, lora, options or {}, label_column)
    settled = changed(chosen, options or {})
    if any(find_spec(package) is None for package in ("torch", "transformers", "accelerate")):
        raise MissingExtra("Training", "torch")
    from generators.places import found
    from generators.training.card import command
    from generators.training.run import run

    line = command(
        [source.name for source in sources],
        chosen.name,
        None if base is None else found(base).name,
        output.name,
        documents,
        options or {},
    )
    corpus = Corpus(sources, documents, label_column)
    return run(corpus, settled, base, output, line, resume, progress)


def _check(recipe: Recipe, base: Path | None, lora: bool, options: Mapping[str, str], label_column: str | None) -> None:
    """Refuses what would be ignored.

    Raises:
        InvalidValue: two of the arguments do not go together.
    """
    if lora and not recipe.adapts:
        others = ", ".join(sorted(ADAPTING.values()))
        raise InvalidValue("recipe", recipe.name, f"one with a base, such as {others}, where lora is asked for")
    if recipe.base and base is None:
        raise InvalidValue("recipe", recipe.name, "given with a base, the trained model that it goes on from")
    if base is not None and not recipe.base:
        raise InvalidValue("recipe", recipe.name, "left out where a base is named, because it starts from nothing")
    if base is not None and (decided := [name for name in recipe.shape if name in options]):
        raise InvalidValue(decided[0], options[decided[0]], "left out where a base is named, which decides it")
    if label_column is not None:
        raise InvalidValue("label_column", label_column, "left out, because no recipe learns labels yet")


def _tuning(base: Path, recipes: Mapping[str, str]) -> str:
    """The recipe that goes on from this kind of model.

    Args:
        base: directory of the model.
        recipes: by model_type.

    Raises:
        UnusableModel: its config.json cannot be read.
        Unsupported: there is none.
    """
    try:
        kind = json.loads((base / "config.json").read_text("utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise UnusableModel(str(base), f"its config.json cannot be read ({fault})") from fault
    if kind not in recipes:
        raise Unsupported(base.name, _untuned(kind, recipes))
    return recipes[kind]


def _untuned(kind: object, recipes: Mapping[str, str]) -> Phrase:
    known = ", ".join(sorted(recipes))
    if kind in TUNING:
        return Phrase("be trained with an adapter, because only {known} can be; leave lora out", known=known)
    return Phrase(
        "be trained further, because its kind is {kind}, and recipes go on from {known}", kind=kind, known=known
    )
