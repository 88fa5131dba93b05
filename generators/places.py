"""Where models are: those that ship, and those of a person's own."""

from __future__ import annotations

import json
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

from generators.errors import InvalidValue

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")  # a directory's name everywhere, and a word in a chat
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


def own_name(name: str) -> str:
    """A name that a person's model can have.

    Raises:
        InvalidValue: it is no word, or a model that ships has it.
    """
    if not NAME.fullmatch(name):
        raise InvalidValue("name", name, "small letters, digits, dots, hyphens and underscores, at most 64 of them")
    if (shipped_directory() / name / CONFIG).is_file():
        raise InvalidValue("name", name, "another name than that of a model that ships with the program")
    return name


def name_from(path: Path) -> str:
    """A name for a model that is made from a file."""
    return slug(path.stem)


def slug(text: str) -> str:
    """What remains of a text as a model's name."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:64] or "model"


def found(model: str | Path) -> Place:
    """The model of a directory, of a shipped name, or of a person's `NAME` or `NAME@VERSION`.

    Raises:
        UnknownModel: there is none.
    """
    from generators.local import Shelf  # which itself asks here where the shelves are
    from generators.registry import unknown

    path = Path(model)
    if (path / CONFIG).is_file():
        return Place(path, _name_of(path), shipped=False)
    name, _, version = str(model).partition("@")
    shelves = (Shelf(shipped_directory(), shipped=True), Shelf(models_directory()))
    for shelf in shelves:
        directory = shelf.directory(name, version or None)
        if directory is not None:
            return Place(directory, name, shelf.shipped)
    raise unknown(str(model), [each for shelf in shelves for each in shelf.names()])


def _name_of(directory: Path) -> str:
    """NAME of models/NAME/VERSION; elsewhere the name that it was trained under, or the directory's own."""
    directory = directory.resolve()
    if directory.parent.parent == models_directory().resolve():
        return directory.parent.name
    try:
        return str(json.loads((directory / "planchette.json").read_text("utf-8"))["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return directory.name
