"""Labels of documents: the kinds of text that a model can then be asked for."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Final

from generators.training.errors import UnusableLabels

MOST: Final = 200  # a column with more of them is no kind of text but a name or a number
LONGEST: Final = 64  # characters; so that a label can be typed, and chosen from a list


def labels_in(cell: str) -> tuple[str, ...]:
    """The labels that a table's cell names, separated by commas, each once; an empty cell names none."""
    parts = (_clean(part) for part in cell.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def chosen(counts: Counter[str], known: tuple[str, ...] = ()) -> list[str]:
    """The labels that a model gets: those of its base, then those of a corpus, the most frequent first.

    Raises:
        UnusableLabels: one is too long, or there are too many.
    """
    if long := next((label for label in counts if len(label) > LONGEST), None):
        raise UnusableLabels(f"«{long[:LONGEST]}…» is longer than {LONGEST} characters")
    new = sorted(set(counts) - set(known), key=lambda label: (-counts[label], label))
    if len(known) + len(new) > MOST:
        raise UnusableLabels(f"there are {len(known) + len(new):,} different ones, and {MOST} are the most")
    return [*known, *new]


def _clean(label: str) -> str:
    """One line, one code for each accented letter, nothing that cannot be seen."""
    normal = unicodedata.normalize("NFC", label)
    return " ".join("".join(c for c in normal if c.isspace() or unicodedata.category(c)[0] != "C").split())
