"""Documents: what a model learns from, one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from generators.training.labels import labels_in

Documents: TypeAlias = Literal["line", "blank", "block", "file"]


@dataclass(frozen=True, slots=True)
class Document:
    """One text, and the kinds of text it is where the source says so.

    Attributes:
        text: that is learnt.
        labels: of it.
        columns: what other columns that were asked for say, a value or several each.
        through: share of its file's bytes up to its end, in [0, 1]; 1 for the file's last document, and for no other.
    """

    text: str
    labels: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    through: float = field(default=1.0, compare=False)


class Fields(NamedTuple):
    """Columns of a table, or fields of JSON lines, that are read.

    Attributes:
        text: what is learnt; None for `text`, or the only one.
        labels: what says a document's labels.
        others: what filters look at.
    """

    text: str | None
    labels: Sequence[str]
    others: Sequence[str]


def cell_values(*cells: str) -> tuple[str, ...]:
    """What a cell says: all of it, and each of the values that commas separate in it."""
    return tuple(dict.fromkeys(value for cell in cells for value in (cell.strip(), *labels_in(cell)) if value))
