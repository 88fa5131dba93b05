"""Documents to train on, read from files one at a time."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final, Literal, TypeAlias

from generators.training.errors import UnreadableSource

Documents: TypeAlias = Literal["line", "blank", "file"]

SEPARATOR: Final = "=====DOC====="
CSV_DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
JSON_LINES: Final = frozenset({".jsonl", ".ndjson"})


@dataclass(frozen=True, slots=True)
class Document:
    """One text, and the kind of text it is where the source says so."""

    text: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Corpus:
    """The documents of some files; each iteration reads the files again, so that none has to fit into memory.

    CSV and TSV files (by suffix) give a document a row, JSON lines a document an object with a `text`, every other
    file is text.

    Attributes:
        sources: files, in order.
        documents: what a document of a text file is: a `line`, what stands between `blank` lines, or the `file`. None
            takes what stands between `=====DOC=====` lines where those occur, and otherwise a line.
        label_column: column of CSV and TSV files, or field of JSON lines, that holds a document's label.
    """

    sources: Sequence[Path]
    documents: Documents | None = None
    label_column: str | None = None

    def __iter__(self) -> Iterator[Document]:
        """The documents that have any text but white space.

        Raises:
            UnreadableSource: a file is missing, empty, no UTF-8, or not in the format that its name says.
        """
        for source in self.sources:
            found = False
            for document in self._read(source):
                if document.text.strip():
                    found = True
                    yield document
            if not found:
                raise UnreadableSource(str(source), "it holds no text")

    def _read(self, source: Path) -> Iterator[Document]:
        if not source.is_file():
            raise UnreadableSource(str(source), "it is a folder" if source.is_dir() else "there is no such file")
        suffix = source.suffix.lower()
        if suffix in CSV_DELIMITERS:
            return _rows(source, CSV_DELIMITERS[suffix], self.label_column)
        if suffix in JSON_LINES:
            return _objects(source, self.label_column)
        return _texts(source, self.documents)


def _lines(source: Path) -> Iterator[str]:
    """The lines of a file with `\\n` as their ends, decoded one by one.

    Raises:
        UnreadableSource: a byte is no UTF-8; it is named by its position in the file.
    """
    position = 0
    try:
        with source.open("rb") as file:
            for line in file:
                try:
                    text = line.decode("utf-8-sig" if position == 0 else "utf-8")
                except UnicodeDecodeError as fault:
                    reason = f"byte {position + fault.start:,} is not UTF-8; save the file as UTF-8"
                    raise UnreadableSource(str(source), reason) from None
                position += len(line)
                yield text.removesuffix("\n").removesuffix("\r") + "\n" if text.endswith("\n") else text
    except OSError as fault:
        raise UnreadableSource(str(source), fault.strerror or str(fault)) from fault


def _texts(source: Path, documents: Documents | None) -> Iterator[Document]:
    if documents is None and any(line.rstrip() == SEPARATOR for line in _lines(source)):
        yield from _between(_lines(source), lambda line: line.rstrip() == SEPARATOR)
    elif documents == "blank":
        yield from _between(_lines(source), lambda line: not line.strip() or line.rstrip() == SEPARATOR)
    elif documents == "file":
        yield from _between(_lines(source), lambda _: False)
    else:
        for line in _lines(source):
            yield Document(line.removesuffix("\n") if line.rstrip() != SEPARATOR else "")


def _between(lines: Iterable[str], separates: Callable[[str], bool]) -> Iterator[Document]:
    """What stands between separating lines, without the empty lines around it."""
    gathered: list[str] = []
    for line in lines:
        if separates(line):
            yield Document("".join(gathered).strip("\n"))
            gathered = []
        else:
            gathered.append(line)
    yield Document("".join(gathered).strip("\n"))


def _rows(source: Path, delimiter: str, label_column: str | None) -> Iterator[Document]:
    csv.field_size_limit(sys.maxsize)  # the default refuses fields of more than 131,072 characters
    rows = csv.reader(_lines(source), delimiter=delimiter)
    try:
        header = next(rows, None)
        if header is None:
            return
        text, label, body = _columns(source, header, label_column)
        for row in rows if body is None else chain([body], rows):
            if len(row) > text:
                yield Document(row[text], row[label] if label is not None and len(row) > label else None)
    except csv.Error as fault:
        raise UnreadableSource(str(source), f"line {rows.line_num:,} is not CSV ({fault})") from fault


def _columns(source: Path, header: list[str], label_column: str | None) -> tuple[int, int | None, list[str] | None]:
    """Positions of the text and of the label, and the first row where it is no header but a document."""
    names = [name.strip() for name in header]
    label = None
    if label_column is not None:
        if label_column not in names:
            reason = f"it has no column {label_column}; its columns are {', '.join(names)}"
            raise UnreadableSource(str(source), reason)
        label = names.index(label_column)
    lowered = [name.lower() for name in names]
    if "text" in lowered:
        return lowered.index("text"), label, None
    if label is not None and len(names) == 2:
        return 1 - label, label, None
    if len(names) == 1:
        return 0, None, header  # a single column without the name `text`: its first line is a document like any other
    raise UnreadableSource(str(source), f"it has no column text; its columns are {', '.join(names)}")


def _objects(source: Path, label_field: str | None) -> Iterator[Document]:
    for number, line in enumerate(_lines(source), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or not isinstance(value.get("text"), str):
            raise UnreadableSource(str(source), f'line {number:,} is not a JSON object with a "text"')
        label = value.get(label_field) if label_field is not None else None
        text = value["text"].encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # "\\ud800" is no character
        yield Document(text, None if label is None else str(label))
