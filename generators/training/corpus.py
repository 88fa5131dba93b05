"""Corpora: the documents of some files, read one at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Final

from generators.training import json_lines, tables, text_files
from generators.training.decoding import Lines, encoding_of
from generators.training.documents import Document, Documents, Fields
from generators.training.errors import UnreadableSource, UnusableLabels
from generators.training.sealed import is_sealed, read_sealed
from generators.training.sources import is_file

PIECE: Final = 1 << 20  # characters of running text that are read at a time


@dataclass(frozen=True, slots=True)
class Corpus:
    """The documents of some files; each iteration reads the files again, so that none has to fit into memory.

    CSV and TSV files (by suffix) give a document a row, JSON lines a document an object with a `text`, sealed corpora
    theirs with their labels, every other file is text.

    Attributes:
        sources: files, in order.
        documents: what a document of a text file is: a `line`, what stands between `blank` lines, or the `file`. None
            and `block` take what stands between `=====DOC=====` lines where those occur, and otherwise None takes a
            line, `block` what stands between blank ones.
        label_columns: columns of CSV and TSV files, or fields of JSON lines, that hold a document's labels; commas in
            a cell separate several, and an empty cell names none.
        text_column: column or field that is learnt; without it `text`, or the only column.
        columns: others that documents keep, for filters; commas in a cell separate several values.
        scratch: directory for the files in which token ids lie while they are learnt; None for the system's own.
        labels: of all documents of each source, before those of columns; nothing where no source has any.
        key: of sealed corpora, 32 bytes; None takes that of the environment (see `sealed`). It is never shown.
        sealed_labels: those of sealed corpora that documents keep; None for all. No option can leave them out, and an
            adapter learns only those of its base.
    """

    sources: Sequence[Path]
    documents: Documents | None = None
    label_columns: Sequence[str] = ()
    text_column: str | None = None
    columns: Sequence[str] = ()
    scratch: Path | None = None
    labels: Sequence[tuple[str, ...]] = ()
    key: bytes | None = field(default=None, repr=False)
    sealed_labels: frozenset[str] | None = None

    @property
    def labelled(self) -> bool:
        """Whether documents may have labels."""
        return bool(self.label_columns) or any(self.labels) or any(map(is_sealed, self.sources))

    def __iter__(self) -> Iterator[Document]:
        """The documents that have any text but white space.

        Raises:
            UnreadableSource: a file is missing, empty, in no known encoding, or not in the format that its name says.
            UnusableLabels: no document has any of the labels that were asked for.
        """
        labelled = not self.label_columns
        for source, labels in zip(self.sources, self.labels or repeat(()), strict=False):
            found = False
            for document in _to_the_end(document for document in self._read(source) if document.text.strip()):
                found = True
                labelled = labelled or bool(document.labels)
                yield _labelled(document, labels) if labels else document
            if not found:
                raise UnreadableSource(str(source), "it holds no text")
        if not labelled:
            raise UnusableLabels(f"{', '.join(self.label_columns)} is empty everywhere")

    def encodings(self) -> dict[Path, str]:
        """The encoding of each source.

        Raises:
            UnreadableSource: a file is missing, or in no encoding that can be told.
        """
        return {source: "utf-8" if is_sealed(source) else encoding_of(source) for source in self.sources}

    def running_text(self, cut: float = 1.0) -> Iterator[Document]:
        """The sources as one text, in pieces that end at line ends and that joined are the text.

        Files that hold documents give them as lines.

        Args:
            cut: share of each file's bytes at which a piece ends too: `through` is beyond it for all that follow.

        Raises:
            UnreadableSource: as when iterated.
        """
        for source in self.sources:
            lines: list[str] = []
            size, through = 0, 0.0
            for line, reached in self._running(source):
                if size >= PIECE or (through <= cut < reached and lines):
                    yield Document("".join(lines), through=through)
                    lines, size = [], 0
                lines.append(line)
                size, through = size + len(line), reached
            yield Document("".join(lines))

    def _running(self, source: Path) -> Iterator[tuple[str, float]]:
        """The lines of a source, and its share up to the end of each."""
        found = False
        if has_columns(source) or not is_file(source):
            told = ((f"{document.text}\n", document.through) for document in self._read(source))
        else:
            read = Lines(source)
            told = ((line, read.through) for line in read if not text_files.is_separator(line))
        for line, through in told:
            found = found or bool(line.strip())
            yield line if line.endswith("\n") else f"{line}\n", through  # the next file begins a line of its own
        if not found:
            raise UnreadableSource(str(source), "it holds no text")

    def _read(self, source: Path) -> Iterator[Document]:
        if not is_file(source):
            is_folder = os.path.isdir(source)  # noqa: PTH112 -- as `is_file`
            raise UnreadableSource(str(source), "it is a folder" if is_folder else "there is no such file")
        if is_sealed(source):
            return self._sealed(source)
        suffix = source.suffix.lower()
        fields = Fields(self.text_column, self.label_columns, self.columns)
        if suffix in tables.DELIMITERS:
            return tables.rows(source, fields)
        if suffix in json_lines.SUFFIXES:
            return json_lines.objects(source, fields)
        return text_files.texts(source, self.documents)

    def _sealed(self, source: Path) -> Iterator[Document]:
        for text, labels, through in read_sealed(source, self.key):
            kept = labels if self.sealed_labels is None else tuple(filter(self.sealed_labels.__contains__, labels))
            yield Document(text, kept, through=through)


def has_columns(source: Path) -> bool:
    """Whether a file's documents have columns or fields, by its name."""
    suffix = source.suffix.lower()
    return suffix in tables.DELIMITERS or suffix in json_lines.SUFFIXES or is_sealed(source)


def _labelled(document: Document, labels: tuple[str, ...]) -> Document:
    return replace(document, labels=tuple(dict.fromkeys((*labels, *document.labels))))


def _to_the_end(documents: Iterable[Document]) -> Iterator[Document]:
    """A file's documents; the last one ends where the file does, whatever blank lines follow it."""
    before: Document | None = None
    for document in documents:
        if before is not None:
            yield before
        before = document
    if before is not None:
        yield replace(before, through=1.0)
