"""`planchette models import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot import versions
from bot.shell.output import Json, emit, note, say
from bot.shell.signals import ended_in_order

if TYPE_CHECKING:
    from generators.importing import Imported

TEXTGENRNN: Final = "textgenrnn"
HDF5: Final = (".hdf5", ".h5")  # what textgenrnn saves


def import_(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A directory, an archive, hub:NAME[@REVISION] or textgenrnn.")
    ],
    name: Annotated[str | None, typer.Option(help="Of the model here; the source's without it.")] = None,
    base: Annotated[str | None, typer.Option(help="Of an adapter: the model, or its directory.")] = None,
    weights: Annotated[Path | None, typer.Option(help="textgenrnn's .hdf5.")] = None,
    vocab: Annotated[Path | None, typer.Option(help="textgenrnn's vocabulary; its own without it.")] = None,
    config: Annotated[Path | None, typer.Option(help="textgenrnn's configuration; its own without it.")] = None,
    as_json: Json = False,
) -> None:
    """Import a model from a directory, an archive, the hub or textgenrnn.

    Only safetensors and textgenrnn's hdf5 are read, never a pickle, and code of a model's own is never run.
    """
    from bot.configuration import load_configuration
    from bot.home import Home

    _check_usage(source, base, weights, vocab, config)
    home = Home(load_configuration().home)
    home.create()
    with ended_in_order():
        imported = _imported(source, home.models, name, base, weights, vocab, config)
    versions.use_newest(home.path, imported.name)
    if as_json:
        emit({"model": imported.name, "version": imported.version, "directory": str(imported.directory)})
    else:
        say(f"{imported.name} is ready; `planchette generate --model {imported.name}` writes with it.")
    if not imported.tried:
        note("The free memory has no room for it now, so it was checked without being loaded.")


def _check_usage(source: str, base: str | None, weights: Path | None, vocab: Path | None, config: Path | None) -> None:
    """Makes sure that the options go with the source.

    Raises:
        typer.BadParameter: they do not, which is wrong usage.
    """
    if source == TEXTGENRNN:
        if weights is None:
            raise typer.BadParameter("textgenrnn needs --weights, the model's .hdf5.")
        if base is not None:
            raise typer.BadParameter("--base is for adapters, and textgenrnn has none.")
    elif Path(source).suffix.lower() in HDF5:
        raise typer.BadParameter(f"{source} is imported with `planchette models import textgenrnn --weights {source}`.")
    elif not weights is vocab is config is None:
        raise typer.BadParameter("--weights, --vocab and --config belong to `planchette models import textgenrnn`.")


def _imported(
    source: str,
    models: Path,
    name: str | None,
    base: str | None,
    weights: Path | None,
    vocab: Path | None,
    config: Path | None,
) -> Imported:
    from generators.importing import import_model, import_textgenrnn

    if weights is not None:
        return import_textgenrnn(weights, models, name=name, vocab=vocab, config=config, tell=_tell)
    return import_model(source, models, name=name, base=base, tell=_tell)


def _tell(doing: str) -> None:
    if sys.stderr.isatty():
        note(f"{doing.capitalize()} …")
