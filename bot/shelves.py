"""The models that are files of this machine: those that ship, and the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.home import Home
from bot.names import no_such_model, versioned
from bot.shell.errors import NoModelInside
from generators.errors import UnknownModel
from generators.places import CONFIG, shipped_directory

if TYPE_CHECKING:
    from generators.completion import ModelInfo
    from generators.local import Shelf


def shelves(home: Path) -> tuple[Shelf, Shelf]:
    """The shipped models, and those of a home."""
    from generators.local import Shelf

    return Shelf(shipped_directory(), shipped=True), Shelf(Home(home).models)


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
    raise no_such_model(name, [each for shelf in on for each in shelf.names()])


def found_anywhere(home: Path, name: str) -> tuple[Shelf, Path]:
    """As `found`; the name may also be the path of a model's directory.

    Raises:
        UnknownModel: there is none.
        NoModelInside: it is the path of another directory.
    """
    from generators.local import Shelf

    directory = Path(name).resolve()
    if (directory / CONFIG).is_file():
        return Shelf(directory.parent, shipped=True), directory  # laid out as shipped models are, without versions
    try:
        return found(home, name)
    except UnknownModel:
        if name and directory.is_dir():  # no name at all would be the present directory
            raise NoModelInside(str(directory)) from None
        raise


def loaded(shelf: Shelf, directory: Path) -> Any:
    """The model in a directory, with its weights.

    Raises:
        UserError: it is damaged, or cannot be used here.
    """
    from generators.kinds import load_model

    return load_model(directory, shelf.info(directory))


def described(info: ModelInfo) -> dict[str, Any]:
    """What `ModelInfo` says, as JSON has it."""
    from dataclasses import asdict

    return asdict(info) | {"units": sorted(info.units)}
