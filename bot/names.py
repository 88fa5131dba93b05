"""Names as people type them: with a version, or misspelled."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

ALIKE: Final = 0.6  # difflib's own measure: below it, suggestions are guesses


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of the names that is closest to a misspelled one, if any is close."""
    matches = difflib.get_close_matches(name.casefold(), list(names), n=1, cutoff=ALIKE)
    return matches[0] if matches else None


def versioned(name: str) -> tuple[str, str | None]:
    """A model's name, and its version where one is named: `NAME` or `NAME@VERSION`."""
    plain, at, version = name.partition("@")
    return plain, version if at else None
