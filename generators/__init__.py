"""Models that write text: loading, training and writing in three lines.

    from generators import load, train
    model = train("titles.txt", recipe="textgenrnn")
    print(model.write("Show HN: ", temperature=0.5))

Importing this package brings neither NumPy nor torch; its functions bring what they need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from generators.training import Progress
    from generators.writing import Writer

__all__ = ["load", "train"]


def load(model: str | Path) -> Writer:
    """A model that is ready to write.

    Args:
        model: a Hugging Face directory, or a name: of a model that was trained or imported here (`NAME` for its newest
            version, `NAME@VERSION` for one), or of a model that ships.

    Raises:
        UnknownModel: there is no such directory and no model of that name.
        UnusableModel: its files are damaged, or do not fit each other.
        Unsupported: it is of a kind that nothing here knows.
        MissingExtra: packages are missing for its kind.
    """
    from generators.places import found
    from generators.writing import opened

    return opened(found(model))


def train(
    source: str | Path | Sequence[str | Path],
    *,
    recipe: str | None = None,
    base: str | Path | None = None,
    name: str | None = None,
    documents: Literal["line", "blank", "block", "file"] | None = None,
    label_column: str | Sequence[str] | None = None,
    context_labels: str | Sequence[str] | None = None,
    text_column: str | None = None,
    lora: bool = False,
    new_model: bool = False,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **options: object,
) -> Writer:
    """Trains a model and keeps it in `PLANCHETTE_HOME/models/NAME/VERSION`.

    Args:
        source: one file or several, as `FILE` or `LABEL=FILE`; see `generators.training.Corpus`.
        recipe: a name of `generators.training.RECIPES`; `textgenrnn` where neither it nor a base is named.
        base: a model to go on from, as `load` takes it.
        name: of the new model; by default that of the first file, without its suffix, as a word of small letters.
        documents: what a document of a text file is; by default a line, or what stands between `=====DOC=====` lines.
            `block` takes the latter too, and elsewhere what stands between blank lines.
        label_column: column of CSV and TSV files, or field of JSON lines, that says what kinds of text a document is;
            or several.
        context_labels: the same, as textgenrnn calls it.
        text_column: column or field that is learnt; `text`, or the only one, without it.
        lora: leave the base as it is and train a small adapter beside it.
        new_model: take only the shape of the base, and start from nothing with a vocabulary of its own.
        resume: go on with the interrupted training of that name.
        progress: called now and then, such as `print`; by default nothing is told.
        options: fields of the recipe to change, such as `epochs=3`; textgenrnn's names are taken too.

    Raises:
        UserError: a source, an option or the base cannot be used, or the packages for training are missing.
    """
    from generators.errors import InvalidValue
    from generators.places import found, models_directory, name_from, own_name
    from generators.training import source_of
    from generators.training import train as train_files

    sources = [source] if isinstance(source, str | Path) else list(source)
    if not sources:
        raise InvalidValue("source", "an empty list", "a file, or several")
    trained = train_files(
        sources,
        recipe=recipe,
        base=None if base is None else found(base).directory,
        output=models_directory() / own_name(name or name_from(source_of(sources[0]).path)),
        documents=documents,
        label_columns=(*_listed(label_column), *_listed(context_labels)),
        text_column=text_column,
        lora=lora,
        new_model=new_model,
        options={field: _typed(value) for field, value in options.items()},
        resume=resume,
        progress=progress or (lambda _: None),
    )
    return load(trained.directory)


def _listed(names: str | Sequence[str] | None) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names or ())


def _typed(value: object) -> str:
    """An option as a person would type it."""
    if not isinstance(value, list | tuple):
        return str(value)
    return ",".join(f'"{item}"' if " " in str(item) or "," in str(item) else str(item) for item in value)
