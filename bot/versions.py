"""Versions of a person's own models: which one is in use, and being rid of one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.names import versioned
from bot.shelves import found
from generators.errors import Translate, UserError, english
from generators.training.job_directory import read_object, write_whole

if TYPE_CHECKING:
    from generators.local import Shelf

USED: Final = "planchette.json"  # beside the versions; its `current` names the one in use, without it the newest is


@dataclass(eq=False)
class ShipsWithTheProgram(UserError):
    """A shipped model has one version, and stays."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("The model {name} ships with the program and stays as it is.", name=self.name)


@dataclass(eq=False)
class NothingBefore(UserError):
    """A roll back from a shipped model, which has one version."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The model {name} ships with the program in one version, so there is nothing to go back to.", name=self.name
        )


@dataclass(eq=False)
class NoEarlierVersion(UserError):
    """The version in use is the first that there is."""

    name: str
    version: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("The model {name} has no version before {version}.", name=self.name, version=self.version)


@dataclass(eq=False)
class HasAdapters(UserError):
    """A model without which adapters that are here could not write."""

    name: str
    adapters: tuple[str, ...]

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The adapter {adapters} rests on the model {name}; remove the adapter first. planchette models export "
            "--merge keeps it as a whole model.",
            "The adapters {adapters} rest on the model {name}; remove the adapters first. planchette models export "
            "--merge keeps them as whole models.",
            count=len(self.adapters),
            adapters=", ".join(self.adapters),
            name=self.name,
        )


def own(home: Path, name: str) -> Path:
    """The directory of a person's own model, or of one version of it.

    Raises:
        UnknownModel: there is none.
        ShipsWithTheProgram: it is not a person's own.
    """
    shelf, directory = _own(home, name)
    return shelf.path / versioned(name)[0] if versioned(name)[1] is None else directory


def earlier(home: Path, name: str) -> str:
    """`NAME@VERSION` of the version before the one in use.

    Raises:
        UserError: there is none.
    """
    plain, _ = versioned(name)
    shelf, directory = found(home, plain)
    if shelf.shipped:
        raise NothingBefore(plain)
    made = {path.parent: (path.stat().st_mtime_ns, path.parent.name) for path in _configs(directory.parent)}
    before = [path for path in made if made[path] < made[directory]]
    if not before:
        raise NoEarlierVersion(plain, directory.name)
    return f"{plain}@{max(before, key=made.__getitem__).name}"


def use(home: Path, name: str) -> None:
    """Writes with `NAME@VERSION` wherever no other version is asked for.

    Raises:
        UserError: there is no such version of an own model.
    """
    _, directory = _own(home, name)
    write_whole(directory.parent / USED, {**read_object(directory.parent / USED), "current": directory.name})


def use_newest(home: Path, name: str) -> None:
    """Writes with the newest version of an own model again, which somebody has just made."""
    _, directory = _own(home, name)
    facts = read_object(directory.parent / USED)
    if facts.pop("current", None) is not None:
        write_whole(directory.parent / USED, facts)


def removable(home: Path, name: str) -> Path:
    """The directory of an own model, or of one version of it, on which no adapter rests.

    Raises:
        UserError: there is no such model, it is not a person's own, or an adapter needs it.
    """
    target = own(home, name)
    shelf, _ = _own(home, name)
    if adapters := tuple(sorted(_adapters(shelf.path, name, besides=target))):
        raise HasAdapters(name, adapters)
    return target


def remove(home: Path, name: str) -> None:
    """Removes an own model, or one version of it; the newest that is left is used then.

    Raises:
        UserError: there is no such model, it is not a person's own, or an adapter needs it.
    """
    target = removable(home, name)
    model = target if versioned(name)[1] is None else target.parent
    if target != model and read_object(model / USED).get("current") == target.name:
        use_newest(home, name)
    if all(config.parent == target for config in _configs(model)):
        target = model  # the last version goes with all that is around it
    aside = model.parent / f".removed-{target.name}"  # one rename, so that no half of a model is ever found
    shutil.rmtree(aside, ignore_errors=True)
    target.rename(aside)
    shutil.rmtree(aside)


def _own(home: Path, name: str) -> tuple[Shelf, Path]:
    shelf, directory = found(home, name)
    if shelf.shipped:
        raise ShipsWithTheProgram(name)
    return shelf, directory


def _adapters(models: Path, base: str, besides: Path) -> set[str]:
    """Names of the adapters whose base is `NAME`, or that version of it."""
    plain, version = versioned(base)
    found = set()
    for config in models.glob("[!.]*/[!.]*/adapter_config.json"):
        directory = config.parent
        of = read_object(directory / "planchette.json").get("base")
        named = of if isinstance(of, dict) else {}
        same = named.get("name") == plain and version in (None, named.get("version"))
        if besides not in (directory, directory.parent) and (
            same or read_object(config).get("base_model_name_or_path") == base
        ):
            found.add(directory.parent.name)
    return found


def _configs(model: Path) -> list[Path]:
    return [config for config in model.glob("*/config.json") if not config.parent.name.startswith(".")]
