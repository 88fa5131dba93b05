"""Names as people type them: with a version, or misspelled."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from generators.errors import Translate, UnknownModel, english

ALIKE: Final = 0.6  # difflib's own measure: below it, suggestions are guesses


@dataclass(eq=False)
class NoSuchModel(UnknownModel):
    """A name that no model has, told to somebody who can ask for the list."""

    def sentence(self, translate: Translate = english) -> str:
        if self.nearest is None:
            return translate("There is no model {name}; /models lists what there is.", name=self.name)
        return super().sentence(translate)


def no_such_model(name: str, listed: Iterable[str]) -> NoSuchModel:
    """The error for a name that is not listed, with the nearest one that is."""
    return NoSuchModel(name, nearest(versioned(name)[0], listed))


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of the names that is closest to a misspelled one, if any is close."""
    matches = difflib.get_close_matches(name.casefold(), list(names), n=1, cutoff=ALIKE)
    return matches[0] if matches else None


def versioned(name: str) -> tuple[str, str | None]:
    """A model's name, and its version where one is named: `NAME` or `NAME@VERSION`."""
    plain, at, version = name.partition("@")
    return plain, version if at else None
