"""Training: documents, recipes, and models that are published whole or not at all.

Importing this brings neither torch nor transformers; `train` does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from generators.errors import InvalidValue, MissingExtra, Phrase, Unsupported, UnusableModel
from generators.training.corpus import Corpus, has_columns
from generators.training.documents import Document, Documents
from generators.training.errors import (
    AlreadyTraining,
    CannotResume,
    CannotSave,
    Diverged,
    NeedsBase,
    NothingToLearn,
    Stopped,
    UnreadableSource,
    UnusableLabels,
)
from generators.training.filters import columns_of, expanded, of_documents
from generators.training.progress import Progress, Sample, TrainedModel
from generators.training.recipes import (
    ADAPTING,
    FIRST_RECIPE,
    RECIPES,
    TUNING,
    CharRNNRecipe,
    Option,
    Recipe,
    changed,
    options,
    recipe_named,
)
from generators.training.recipes.aliases import canonical
from generators.training.recipes.base import BELONGING, CLEAN
from generators.training.sealed import is_sealed
from generators.training.sources import Source, is_file, source_of

__all__ = [
    "RECIPES",
    "AlreadyTraining",
    "CannotResume",
    "CannotSave",
    "Corpus",
    "Diverged",
    "Document",
    "Documents",
    "NothingToLearn",
    "Option",
    "Progress",
    "Sample",
    "Source",
    "Stopped",
    "TrainedModel",
    "UnreadableSource",
    "UnusableLabels",
    "check_installed",
    "options",
    "recipe_named",
    "source_of",
    "train",
]


def train(
    sources: Sequence[Path | str],
    *,
    recipe: str | None = None,
    base: Path | None = None,
    lora: bool = False,
    new_model: bool = False,
    output: Path,
    documents: Documents | None = None,
    label_columns: Sequence[str] = (),
    text_column: str | None = None,
    options: Mapping[str, str] | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
    corpus_key: bytes | None = None,
) -> TrainedModel:
    """Trains a model on files; heavy and long: in a process of its own where anything else has to go on.

    Args:
        sources: text, CSV, TSV, JSON lines or sealed; see `Corpus`. `LABEL=FILE` gives all documents of a file a label.
            Of a model that learns from sealed ones no samples are shown, on its way or on its card.
        recipe: a name of `RECIPES`; None takes the one for the base, or `textgenrnn`.
        base: directory of a trained model to go on from.
        lora: leaves the base as it is and trains a small adapter beside it.
        new_model: starts from nothing with the shape of the base and a vocabulary of its own.
        output: directory of the model's name; the model is published in `output/VERSION`, and what an interrupted
            training needs lies in `.NAME.training` beside it until then.
        documents: what a document of a text file is.
        label_columns: columns, or fields of JSON lines, that hold a document's labels.
        text_column: column or field that is learnt; without it `text`, or the only column.
        options: fields of the recipe to change, as they are typed; textgenrnn's names are taken too.
        resume: go on with the interrupted training of this output.
        progress: called now and then, and at every check.
        stopping: asked after every step whether the training is to end; a checkpoint is then kept to go on from.
        corpus_key: of sealed sources; None takes that of the environment. It is kept nowhere.

    Raises:
        Stopped: it was to end, and nothing is published.
        MissingExtra: torch or transformers is not installed.
        UserError: an option, a source or the base cannot be used; nothing is changed then.
    """
    given = canonical(options or {})
    meant = [source_of(source) for source in sources]
    files = [source.path for source in meant]
    chosen = _recipe(recipe, base, lora, new_model)
    _check(chosen, base, lora, new_model, given, label_columns)
    settled = changed(chosen, given)
    _check_values(settled, given)
    _check_labels(settled, meant)
    _check_sources(settled, files, documents, label_columns, text_column)
    columns = columns_of(settled.filters)
    _check_readable(Corpus(files, documents, tuple(label_columns), text_column, key=corpus_key))
    check_installed(chosen)
    from generators.training.work import refuse_if_held, work_of

    refuse_if_held(work_of(output))  # before anything long is done, such as importing torch
    from generators.places import found
    from generators.training.card import command
    from generators.training.run import run
    from generators.training.scratch import IN_MEMORY

    asked = [name for name, wanted in (("lora", lora), ("new_model", new_model)) if wanted]
    line = command(
        [source.typed for source in meant],
        None if base is not None and recipe is None else chosen.name,
        None if base is None else found(base).name,
        output.name,
        documents,
        given,
        label_columns,
        asked,
        text_column,
    )
    if new_model and base is not None and isinstance(settled, CharRNNRecipe):
        from generators.training.charrnn import reshaped

        asked_for, (settled, base) = settled.window, (reshaped(settled, base), None)
        if "window" in given and settled.window != asked_for:
            raise InvalidValue("window", given["window"], f"left out: the base sees {settled.window} tokens")
    labels = [source.labels for source in meant]
    known = frozenset(_labels(base)) if base is not None and settled.adapts else None
    sealed = any(map(is_sealed, files))
    if sealed:  # there is no guard yet: what the model writes may be anybody's words (see `verbatim.guarded`)
        settled = replace(settled, sample=0)
    scratch = IN_MEMORY if sealed else _directory(output)
    corpus = Corpus(
        *(files, documents, tuple(label_columns), text_column, tuple(columns), scratch, labels),
        key=corpus_key,
        sealed_labels=known,
    )
    return run(corpus, settled, base, output, line, resume, progress, stopping)


def check_installed(recipe: Recipe) -> None:
    """Makes sure that the packages are there which train by a recipe.

    Raises:
        MissingExtra: they are not.
    """
    needed = ("torch", "transformers", "accelerate", *(["peft"] if recipe.adapts else []))
    if any(find_spec(package) is None for package in needed):
        raise MissingExtra("Training", "torch")


def _directory(output: Path) -> Path:
    """The nearest directory that is there, for files on the disk of the model."""
    return next(parent for parent in output.absolute().parents if parent.is_dir())


def _recipe(name: str | None, base: Path | None, lora: bool, new_model: bool) -> Recipe:
    """The recipe that was named, or the one for a base."""
    if name is not None:
        return recipe_named(name)
    if base is None or new_model:
        return recipe_named(FIRST_RECIPE)
    return recipe_named(_tuning(base, ADAPTING if lora else TUNING))


def _check(
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


def _check_values(recipe: Recipe, given: Mapping[str, str]) -> None:
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


def _check_labels(recipe: Recipe, sources: Sequence[Source]) -> None:
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


def _check_sources(
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


def _check_readable(corpus: Corpus) -> None:
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
    kind = _kind(base)
    if kind != recipe.kind or not isinstance(recipe, CharRNNRecipe):
        raise InvalidValue("new_model", "true", f"left out with a {kind} and the recipe {recipe.name}")


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

    kind = _kind(base)
    if kind not in recipes:
        raise Unsupported(found(base).name, _untuned(kind, recipes))
    return recipes[kind]


def _kind(base: Path) -> str:
    try:
        return str(json.loads((base / "config.json").read_text("utf-8"))["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise UnusableModel(str(base), f"its config.json cannot be read ({fault})") from fault


def _labels(base: Path) -> list[str]:
    """Those that a trained model knows."""
    try:
        return list(json.loads((base / "config.json").read_text("utf-8")).get("labels") or ())
    except (OSError, ValueError) as fault:
        raise UnusableModel(str(base), f"its config.json cannot be read ({fault})") from fault


def _untuned(kind: object, recipes: Mapping[str, str]) -> Phrase:
    known = ", ".join(sorted(recipes))
    if kind in TUNING:
        return Phrase("be trained with an adapter, because only {known} can be; leave lora out", known=known)
    return Phrase(
        "be trained further, because its kind is {kind}, and recipes go on from {known}", kind=kind, known=known
    )
