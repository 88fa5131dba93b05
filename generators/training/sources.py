"""What a training is given to read: files, each with the labels that all its documents get."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from generators.training.labels import labels_in


class Source(NamedTuple):
    """A file, the labels of all its documents, and how a person typed it without the file's folder."""

    path: Path
    labels: tuple[str, ...] = ()

    @property
    def typed(self) -> str:
        return f"{','.join(self.labels)}={self.path.name}" if self.labels else self.path.name


def is_file(path: Path) -> bool:
    """Whether a path leads to a file."""
    return os.path.isfile(path)  # noqa: PTH113 -- Path's own raises for a name that is too long


def source_of(given: str | Path) -> Source:
    """The source that a person means by FILE or LABEL=FILE; commas separate several labels.

    A path that exists is a file, whatever is in its name, and no label has a slash in it.
    """
    label, equals, name = str(given).partition("=")
    labels = labels_in(label)
    if not equals or not name or not labels or "/" in label or os.path.exists(given):  # noqa: PTH110 -- Path's own raises for a name that is too long
        return Source(Path(given))
    return Source(Path(name), labels)
