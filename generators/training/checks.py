"""What a training is asked for is checked before anything heavy is imported: nothing is ignored in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from generators.errors import InvalidValue
from generators.training.bases import kind_of
from generators.training.corpus import Corpus, has_columns
from generators.training.documents import Documents
from generators.training.errors import NeedsBase
from generators.training.filters import columns_of, expanded, of_documents
from generators.training.recipes import ADAPTING, CharRNNRecipe, Recipe
from generators.training.recipes.base import BELONGING, CLEAN
from generators.training.sources import Source, is_file


def check_arguments(
    recipe: Recipe,
    base: Path | None,
    lora: bool,
    new_model: bool,
    options: Mapping[str, str],
    label_columns: Sequence[str],
) -> None:
    """Refuses what would be ignored.

    Raises:
        InvalidValue: two of the arguments do not go together.
    """
    if lora and base is None and not recipe.adapts:
        raise NeedsBase("lora", "true", "given with a base")
    if lora and not recipe.adapts:
        others = ", ".join(sorted(ADAPTING.values()))
        raise InvalidValue("recipe", recipe.name, f"one with a base, such as {others}, where lora is asked for")
    if recipe.base and base is None:
        raise InvalidValue("recipe", recipe.name, "given with a base, the trained model that it goes on from")
    if new_model:
        _check_new_model(recipe, base)
    elif base is not None and not recipe.base:
        raise InvalidValue("recipe", recipe.name, "left out where a base is named, because it starts from nothing")
    if base is not None and (decided := [name for name in recipe.decided_by(base) if name in options]):
        raise InvalidValue(decided[0], options[decided[0]], "left out where a base is named, which decides it")
    if label_columns and not recipe.labelled:
        raise InvalidValue("label_column", ", ".join(label_columns), f"left out: {recipe.name} learns no labels")


def check_values(recipe: Recipe, given: Mapping[str, str]) -> None:
    """Refuses options that would be ignored beside others.

    Raises:
        InvalidValue: one would.
    """
    watched = recipe.validation and recipe.held_out
    if recipe.schedule == "plateau" and not watched:
        raise InvalidValue("schedule", "plateau", "another one where nothing is held out for it to watch")
    if "patience" in given and recipe.patience and not watched:
        raise InvalidValue("patience", given["patience"], "0 where nothing is held out for it to watch")
    if recipe.momentum and recipe.optimizer not in ("rmsprop", "sgd"):
        raise InvalidValue("momentum", given["momentum"], "given with the optimizer rmsprop or sgd")
    for name, field, value in BELONGING:
        if name in given and getattr(recipe, field) != value:
            raise InvalidValue(name, given[name], f"given with the {field} {value}")


def check_labels(recipe: Recipe, sources: Sequence[Source]) -> None:
    """Refuses labels of sources that nothing would learn.

    Raises:
        InvalidValue: there are some.
    """
    for source in sources:
        if source.labels and not recipe.labelled:
            raise InvalidValue("source", source.typed, f"given without a label: {recipe.name} learns none")
        if source.labels and isinstance(recipe, CharRNNRecipe) and recipe.single_text:
            allowed = f"given without a label: all sources of {recipe.name} are a single text"
            raise InvalidValue("source", source.typed, allowed)


def check_sources(
    recipe: Recipe,
    sources: Sequence[Path],
    documents: Documents | None,
    label_columns: Sequence[str],
    text_column: str | None,
) -> None:
    """Refuses what would be ignored about the sources.

    Raises:
        InvalidValue: something would.
    """
    if documents is not None and isinstance(recipe, CharRNNRecipe) and recipe.single_text:
        raise InvalidValue("documents", documents, f"left out: all sources of {recipe.name} are a single text")
    columns = columns_of(recipe.filters)  # of all filters, that they exist
    if isinstance(recipe, CharRNNRecipe) and recipe.single_text:
        for name in expanded(recipe.filters):
            if of_documents(name) and name not in CLEAN and name != "chapters":
                raise InvalidValue("filters", name, f"left out: all sources of {recipe.name} are a single text")
    if all(has_columns(source) for source in sources):
        return
    without = "left out with text files; CSV, TSV and JSON lines have columns"
    if columns:
        raise InvalidValue("filters", f"column:{columns[0]}", without)
    if any(has_columns(source) for source in sources):
        return
    if label_columns:
        raise InvalidValue("label_column", ", ".join(label_columns), without)
    if text_column is not None:
        raise InvalidValue("text_column", text_column, without)


def check_readable(corpus: Corpus) -> None:
    """Refuses files that are not there, or lack a column, before anything heavy is imported.

    Raises:
        UnreadableSource: one is.
    """
    for source in corpus.sources:
        if has_columns(source) or not is_file(source):
            next(iter(replace(corpus, sources=(source,))), None)


def _check_new_model(recipe: Recipe, base: Path | None) -> None:
    """Makes sure that there is a shape for a model that starts from nothing.

    Raises:
        InvalidValue: no base is named, or the recipe goes on from its weights, or makes another kind of model.
    """
    if base is None:
        raise InvalidValue("new_model", "true", "given with a base, whose shape the new model gets")
    if recipe.base:
        raise InvalidValue("recipe", recipe.name, "one that starts from nothing, where new_model is asked for")
    kind = kind_of(base)
    if kind != recipe.kind or not isinstance(recipe, CharRNNRecipe):
        raise InvalidValue("new_model", "true", f"left out with a {kind} and the recipe {recipe.name}")
