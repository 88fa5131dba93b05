"""Where models are: those that ship, and those of a person's own."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from generators.errors import UnknownModel

CONFIG: Final = "config.json"  # what makes a directory a model


class Place(NamedTuple):
    """A model's directory, and the name that it goes by."""

    directory: Path
    name: str
    shipped: bool


def models_directory() -> Path:
    """A person's models, each in NAME/VERSION."""
    return Path(os.environ.get("PLANCHETTE_HOME") or "~/.planchette").expanduser() / "models"


def shipped_directory() -> Path:
    """The models that came with the program, each in NAME."""
    package = find_spec("weights")
    if package is None or not package.submodule_search_locations:
        return models_directory() / ".none"  # installed without weights
    return Path(next(iter(package.submodule_search_locations)))


def found(model: str | Path) -> Place:
    """The model of a directory, of a shipped name, or of a person's `NAME` or `NAME@VERSION`.

    Raises:
        UnknownModel: there is none.
    """
    from generators.local import Shelf  # which itself asks here where the shelves are

    path = Path(model)
    if (path / CONFIG).is_file():
        return Place(path, _name_of(path), shipped=False)
    name, _, version = str(model).partition("@")
    for shelf in (Shelf(shipped_directory(), shipped=True), Shelf(models_directory())):
        directory = shelf.directory(name, version or None)
        if directory is not None:
            return Place(directory, name, shelf.shipped)
    raise UnknownModel(str(model))


def _name_of(directory: Path) -> str:
    """NAME of models/NAME/VERSION; elsewhere the name that it was trained under, or the directory's own."""
    directory = directory.resolve()
    if directory.parent.parent == models_directory().resolve():
        return directory.parent.name
    try:
        return str(json.loads((directory / "planchette.json").read_text("utf-8"))["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return directory.name
