"""Training: documents, recipes, and models that are published whole or not at all.

Importing this brings neither torch nor transformers; `train` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from generators.errors import InvalidValue, MissingExtra
from generators.training.bases import labels_of, recipe_for
from generators.training.checks import check_arguments, check_labels, check_readable, check_sources, check_values
from generators.training.corpus import Corpus
from generators.training.documents import Document, Documents
from generators.training.errors import (
    AlreadyTraining,
    CannotResume,
    CannotSave,
    Diverged,
    NothingToLearn,
    Stopped,
    UnreadableSource,
    UnusableLabels,
)
from generators.training.filters import columns_of
from generators.training.progress import Progress, Sample, TrainedModel
from generators.training.recipes import RECIPES, CharRNNRecipe, Option, Recipe, changed, options, recipe_named
from generators.training.recipes.aliases import canonical
from generators.training.sealed import is_sealed
from generators.training.sources import Source, source_of

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
    chosen = recipe_for(recipe, base, lora, new_model)
    check_arguments(chosen, base, lora, new_model, given, label_columns)
    settled = changed(chosen, given)
    check_values(settled, given)
    check_labels(settled, meant)
    check_sources(settled, files, documents, label_columns, text_column)
    columns = columns_of(settled.filters)
    check_readable(Corpus(files, documents, tuple(label_columns), text_column, key=corpus_key))
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
    known = frozenset(labels_of(base)) if base is not None and settled.adapts else None
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
