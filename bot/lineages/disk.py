"""Channels' models as directories: taken in from a job, put aside where they are tainted, deleted.

A name is one channel's alone, and its record says so before the first version is there, so that nothing of it is ever
taken for the operator's own. What is put aside lies where no generator looks.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from bot import versions
from bot.home import PRIVATE
from bot.visibility import RECORD, Owner, stamp
from generators.local import Shelf
from generators.places import CONFIG, shipped_directory, slug
from generators.training.job_directory import read_object, write_whole

ASIDE: Final = ".tainted"
LONGEST: Final = 48  # characters of a name, without what tells it from another


class Disk:
    """The versions in a home.

    Args:
        home: whose `models/NAME/VERSION/` they are.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._models = home / "models"

    def claim(self, owner: Owner, others: Collection[str]) -> str:
        """A name for a channel's models that is nobody else's, written down before anything is there.

        Args:
            others: names of other channels', which their records may not know, as channels can get other ids.
        """
        platform, _, id_ = owner.place.partition(":")
        plain = slug(f"{platform}-{id_}")[:LONGEST]
        if plain != f"{platform}-{id_}":  # ids that differ only in what a name cannot have
            plain = f"{plain}-{sha256(owner.place.encode()).hexdigest()[:8]}"
        names = (plain, *(f"{plain}-{number}" for number in range(2, 100)))
        name = next(name for name in names if name not in others and self._is_free(name, owner))
        directory = self._models / name
        directory.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        write_whole(directory / RECORD, read_object(directory / RECORD) | stamp(owner))
        return name

    def take_in(self, made: Path, name: str, owner: Owner, facts: Mapping[str, Any]) -> None:
        """Moves a version from where it was made to the others, whole or not at all; a second time changes nothing.

        Which version the plain name stands for stays as it was until another one goes into use.

        Args:
            made: its directory, which is called by the version.
            facts: its lineage, for its record.
        """
        target = self._models / name / made.name
        if (target / CONFIG).is_file() or not made.is_dir():
            shutil.rmtree(made, ignore_errors=True)
            return
        write_whole(made / RECORD, read_object(made / RECORD) | dict(facts) | stamp(owner))
        target.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        write_whole(target.parent / RECORD, read_object(target.parent / RECORD) | stamp(owner))
        if (now := self.current(name)) is not None:
            self.use(name, now)
        _move(made, target)

    def use(self, name: str, version: str | None) -> None:
        """Lets the plain name stand for a version, if that is one of a channel's that is here."""
        channels = "place" in read_object(self._models / name / RECORD)
        if version is not None and channels and self.has(name, version):
            versions.use(self._home, f"{name}@{version}")

    def has(self, name: str, version: str) -> bool:
        """Whether a version is here and not put aside."""
        return Shelf(self._models).directory(name, version) is not None

    def current(self, name: str) -> str | None:
        """The version that a plain name stands for; None where none is here."""
        directory = Shelf(self._models).directory(name)
        return None if directory is None else directory.name

    def put_aside(self, name: str, version: str) -> None:
        """Takes a version to where no generator finds it; the plain name stands for another one then, if there is."""
        target = self._models / ASIDE / name / version
        if self.has(name, version):
            target.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            shutil.rmtree(target, ignore_errors=True)
            (self._models / name / version).rename(target)
        record = read_object(self._models / name / RECORD)
        if record.get("current") == version:
            write_whole(self._models / name / RECORD, {key: value for key, value in record.items() if key != "current"})

    def delete(self, name: str, version: str) -> None:
        """Deletes a version, wherever it lies."""
        if self.has(name, version):
            self.put_aside(name, version)  # one rename, so that no half of a model is ever found
        shutil.rmtree(self._models / ASIDE / name / version, ignore_errors=True)

    def release(self, name: str) -> None:
        """Gives up a channel's name of which no version is left, with its record."""
        directory, aside = self._models / name, self._models / ASIDE / name
        if "place" not in read_object(directory / RECORD) or any(path.name != RECORD for path in directory.iterdir()):
            return
        with suppress(OSError):  # one that is put aside is left
            if aside.exists():
                aside.rmdir()
            (directory / RECORD).unlink()
            directory.rmdir()

    def size(self, name: str, version: str) -> int:
        """Bytes of a version, wherever it lies; 0 where it is on another machine or gone."""
        places = (self._models / name / version, self._models / ASIDE / name / version)
        return sum(path.stat().st_size for place in places for path in place.rglob("*") if path.is_file())

    def _is_free(self, name: str, owner: Owner) -> bool:
        """Whether a name is the owner's, or nobody's."""
        if (shipped_directory() / name / CONFIG).is_file():
            return False
        directory = self._models / name
        if read_object(directory / RECORD).get("place") == owner.place:
            return True
        return not directory.exists()


def _move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as fault:
        if fault.errno != errno.EXDEV:
            raise
        building = target.parent / f".new-{os.getpid()}"  # another disk: whole here before it has its name
        shutil.rmtree(building, ignore_errors=True)
        shutil.copytree(source, building)
        building.rename(target)
        shutil.rmtree(source)
