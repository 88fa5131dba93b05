"""The models of a host: what its jobs go on from, and what they make."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from generators.directory import read_json
from generators.host.errors import Malformed
from generators.host.tuning_asked import TuningAsked
from generators.host.uploads import PRIVATE
from generators.kinds import info_of
from generators.local import Shelf
from generators.places import CONFIG, shipped_directory, slug
from generators.registry import unknown
from generators.training.job_directory import read_object, write_whole
from generators.training.recipes import LIGHT

PREFIX: Final = "ft-"  # of the names of what is made here; bots show such models only to whom they belong
LINEAGE: Final = "planchette.json"  # a model's record, …
OWNER: Final = {"place": "host", "guild": None}  # … which here names no channel: no bot with this home offers it


class Tuned:
    """The shelf on which a host puts what it has trained.

    Args:
        models: the shelf: `NAME/VERSION/`.
        aside: a directory on the same disk, for what is being deleted.
        hides: whether nothing is to go on from what is in a `NAME/`; None where anything may be gone on from.
    """

    def __init__(self, models: Path, aside: Path, hides: Callable[[Path], bool] | None = None) -> None:
        self._models = models
        self._hides = hides
        self._aside = aside

    def has(self, name: str) -> bool:
        """Whether a model of that name is there."""
        return (self._models / name).is_dir()

    def plan(self, asked: TuningAsked, threads: int) -> tuple[dict[str, Any], str]:
        """What the process of a job is to be told, and the base's exact name.

        Args:
            threads: of the process.

        Raises:
            UserError: it cannot be trained.
        """
        directory, base, kind = self._model(asked.model)
        if kind not in LIGHT:
            raise Malformed("model", f"{asked.model} cannot be trained; models of these kinds can: {', '.join(LIGHT)}.")
        options = {"threads": str(threads)}
        if asked.epochs is not None:
            options["epochs"] = f"{asked.epochs:g}"
        if asked.seed is not None:
            options["seed"] = str(asked.seed)
        plan: dict[str, Any] = {"for": "host", "base": str(directory), "base_name": base, "recipe": LIGHT[kind]}
        if asked.compare is not None:
            current, plan["current_name"], _ = self._model(asked.compare)
            plan["current"] = str(current)
        return {**plan, "options": options}, base

    def publish(self, name: str, version: str, made: Path) -> None:
        """Moves a version that a job has made among the others, whole or not at all; a second time changes nothing."""
        target = self._models / name / version
        if (target / CONFIG).is_file():
            return
        write_whole(made / LINEAGE, {**read_object(made / LINEAGE), **OWNER})
        target.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        made.rename(target)
        info_of(target, name)  # what cannot be listed has not succeeded

    def delete(self, name: str) -> bool:
        """Deletes a model; False where there is none of that name."""
        target = self._models / name
        if not target.is_dir():
            return False
        aside = self._aside / f".{name}"
        target.rename(aside)  # at once, so that no half of a model is ever found
        shutil.rmtree(aside, ignore_errors=True)
        return True

    def _model(self, name: str) -> tuple[Path, str, str]:
        """The directory of a model, its name with the version, and its kind.

        Raises:
            UnknownModel: there is none.
        """
        plain, _, version = name.partition("@")
        shelves = (Shelf(shipped_directory(), shipped=True), Shelf(self._models, hides=self._hides))
        for shelf in shelves:
            directory = shelf.directory(plain, version or None)
            if directory is not None:
                kind = str(read_json(directory, CONFIG).get("model_type"))
                return directory, f"{plain}@{shelf.info(directory).version}", kind
        raise unknown(name, [each for shelf in shelves for each in shelf.names()])


def name_for(asked: TuningAsked) -> str:
    """A name that no other model has, for what a job makes."""
    return f"{PREFIX}{slug(asked.suffix or asked.model.partition('@')[0])[:40]}-{secrets.token_hex(6)}"
