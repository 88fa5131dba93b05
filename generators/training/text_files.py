"""Documents of text files: lines, what stands between separating lines, or whole files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from generators.training.decoding import Lines
from generators.training.documents import Document, Documents

SEPARATOR: Final = "=====DOC====="


def is_separator(line: str) -> bool:
    """Whether a line stands between two documents, and belongs to neither."""
    return line.rstrip() == SEPARATOR


def texts(source: Path, documents: Documents | None) -> Iterator[Document]:
    """The documents of a text file, empty ones too; see `Corpus.documents`."""
    lines = Lines(source)
    if documents in (None, "block") and any(is_separator(line) for line in lines):
        yield from _between(lines, is_separator)
    elif documents in ("blank", "block"):
        yield from _between(lines, lambda line: not line.strip() or is_separator(line))
    elif documents == "file":
        yield from _between(lines, lambda _: False)
    else:
        for line in lines:
            text = line.removesuffix("\n") if not is_separator(line) else ""
            yield Document(text, through=lines.through)


def _between(lines: Lines, separates: Callable[[str], bool]) -> Iterator[Document]:
    """What stands between separating lines, without the empty lines around it."""
    gathered: list[str] = []
    through = 0.0
    for line in lines:
        if separates(line):
            yield Document("".join(gathered).strip("\n"), through=through)
            gathered = []
        else:
            gathered.append(line)
            through = lines.through
    yield Document("".join(gathered).strip("\n"), through=through)
