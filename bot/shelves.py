"""The models that are files of this machine: those that ship, and the user's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.home import Home
from bot.names import nearest, versioned
from generators.errors import InvalidValue, UnknownModel

if TYPE_CHECKING:
    from generators.completion import ModelInfo
    from generators.local import Shelf

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")  # a directory's name everywhere, and a word in a chat


def shelves(home: Path) -> tuple[Shelf, Shelf]:
    """The shipped models, and those of a home."""
    from importlib.resources import files

    from generators.local import Shelf

    return Shelf(Path(str(files("weights"))), shipped=True), Shelf(Home(home).models)


def found(home: Path, name: str) -> tuple[Shelf, Path]:
    """The directory of `NAME` or `NAME@VERSION`, and the shelf that it is on.

    Raises:
        UnknownModel: there is none.
    """
    plain, version = versioned(name)
    on = shelves(home)
    for shelf in on:
        directory = shelf.directory(plain, version)
        if directory is not None:
            return shelf, directory
    raise UnknownModel(name, nearest(plain, [each for shelf in on for each in shelf.names()]))


def found_anywhere(home: Path, name: str) -> tuple[Shelf, Path]:
    """As `found`; the name may also be the path of a model's directory.

    Raises:
        UnknownModel: there is none.
    """
    from generators.local import Shelf

    directory = Path(name).resolve()
    if (directory / "config.json").is_file():
        return Shelf(directory.parent, shipped=True), directory  # laid out as shipped models are, without versions
    return found(home, name)


def loaded(shelf: Shelf, directory: Path) -> Any:
    """The model in a directory, with its weights.

    Raises:
        UserError: it is damaged, or cannot be used here.
    """
    from importlib import import_module

    from generators.local import KINDS

    info = shelf.info(directory)
    return import_module(KINDS[info.kind]).load(directory, info)


def own_name(home: Path, name: str) -> str:
    """A name that a user's model can have.

    Raises:
        InvalidValue: it is no word, or a shipped model has it.
    """
    if not NAME.fullmatch(name):
        raise InvalidValue("name", name, "small letters, digits, dots, hyphens and underscores, at most 64 of them")
    if name in shelves(home)[0].names():
        raise InvalidValue("name", name, "another name than that of a model that ships with the program")
    return name


def name_from(path: Path) -> str:
    """A name for a model that is made from a file."""
    return re.sub(r"[^a-z0-9._-]+", "-", path.stem.lower()).strip("-._")[:64] or "model"


def described(info: ModelInfo) -> dict[str, Any]:
    """What `ModelInfo` says, as JSON has it."""
    from dataclasses import asdict

    return asdict(info) | {"units": sorted(info.units)}
