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

from generators.training.errors import UnreadableSource, UnusableLabels
from generators.training.labels import labels_in

Documents: TypeAlias = Literal["line", "blank", "file"]

SEPARATOR: Final = "=====DOC====="
CSV_DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
JSON_LINES: Final = frozenset({".jsonl", ".ndjson"})
PIECE: Final = 1 << 20  # characters of running text that are read at a time


@dataclass(frozen=True, slots=True)
class Document:
    """One text, and the kinds of text it is where the source says so."""

    text: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Corpus:
    """The documents of some files; each iteration reads the files again, so that none has to fit into memory.

    CSV and TSV files (by suffix) give a document a row, JSON lines a document an object with a `text`, every other
    file is text.

    Attributes:
        sources: files, in order.
        documents: what a document of a text file is: a `line`, what stands between `blank` lines, or the `file`. None
            takes what stands between `=====DOC=====` lines where those occur, and otherwise a line.
        label_columns: columns of CSV and TSV files, or fields of JSON lines, that hold a document's labels; commas in
            a cell separate several, and an empty cell names none.
    """

    sources: Sequence[Path]
    documents: Documents | None = None
    label_columns: Sequence[str] = ()

    def __iter__(self) -> Iterator[Document]:
        """The documents that have any text but white space.

        Raises:
            UnreadableSource: a file is missing, empty, no UTF-8, or not in the format that its name says.
            UnusableLabels: no document has any of the labels that were asked for.
        """
        labelled = not self.label_columns
        for source in self.sources:
            found = False
            for document in self._read(source):
                if document.text.strip():
                    found = True
                    labelled = labelled or bool(document.labels)
                    yield document
            if not found:
                raise UnreadableSource(str(source), "it holds no text")
        if not labelled:
            raise UnusableLabels(f"{', '.join(self.label_columns)} is empty everywhere")

    def running_text(self) -> Iterator[Document]:
        """The sources as one text, in pieces that end at line ends and that joined are the text.

        Files that hold documents give them as lines.

        Raises:
            UnreadableSource: as when iterated.
        """
        for source in self.sources:
            lines: list[str] = []
            size = 0
            for line in self._running(source):
                lines.append(line)
                size += len(line)
                if size >= PIECE:
                    yield Document("".join(lines))
                    lines, size = [], 0
            yield Document("".join(lines))

    def _running(self, source: Path) -> Iterator[str]:
        found = False
        if has_columns(source) or not source.is_file():
            lines: Iterable[str] = (f"{document.text}\n" for document in self._read(source))
        else:
            lines = (line for line in _lines(source) if line.rstrip() != SEPARATOR)
        for line in lines:
            found = found or bool(line.strip())
            yield line if line.endswith("\n") else f"{line}\n"  # the next file begins a line of its own
        if not found:
            raise UnreadableSource(str(source), "it holds no text")

    def _read(self, source: Path) -> Iterator[Document]:
        if not source.is_file():
            raise UnreadableSource(str(source), "it is a folder" if source.is_dir() else "there is no such file")
        suffix = source.suffix.lower()
        if suffix in CSV_DELIMITERS:
            return _rows(source, CSV_DELIMITERS[suffix], self.label_columns)
        if suffix in JSON_LINES:
            return _objects(source, self.label_columns)
        return _texts(source, self.documents)


def has_columns(source: Path) -> bool:
    """Whether a file's documents have columns or fields, by its name."""
    return source.suffix.lower() in CSV_DELIMITERS or source.suffix.lower() in JSON_LINES


def _lines(source: Path) -> Iterator[str]:
    """The lines of a file with `\\n` as their ends, decoded one by one.

    Raises:
        UnreadableSource: a byte is no UTF-8, or NUL; it is named by its position in the file.
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
                if (nul := line.find(b"\0")) >= 0:
                    reason = f"byte {position + nul:,} is NUL, which no text has; save the file as UTF-8 text"
                    raise UnreadableSource(str(source), reason)
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


def _rows(source: Path, delimiter: str, label_columns: Sequence[str]) -> Iterator[Document]:
    csv.field_size_limit(sys.maxsize)  # the default refuses fields of more than 131,072 characters
    raw: list[str] = []  # lines of the row that is being read
    rows = csv.reader(_noted(_lines(source), raw), delimiter=delimiter)
    try:
        header = next(rows, None)
        if header is None:
            return
        text, labels, body = _columns(source, header, label_columns)
        raw.clear()
        began = rows.line_num + 1
        for row in rows if body is None else chain([body], rows):
            began, lines = rows.line_num + 1 - len(raw), list(raw)
            raw.clear()
            if len(row) > text:
                cells = (row[label] for label in labels if len(row) > label)
                named = tuple(dict.fromkeys(label for cell in cells for label in labels_in(cell)))
                document = Document(row[text], named)
            else:
                document = Document("")
            if len(lines) > 1:
                _check_closed(source, lines, delimiter, began)
            yield document
    except csv.Error as fault:
        raise UnreadableSource(str(source), f"line {rows.line_num:,} is not CSV ({fault})") from fault


def _noted(lines: Iterable[str], raw: list[str]) -> Iterator[str]:
    for line in lines:
        raw.append(line)
        yield line


def _check_closed(source: Path, lines: Sequence[str], delimiter: str, began: int) -> None:
    """Makes sure that a row of several lines is one, and not the rest of a file behind a stray quotation mark.

    Raises:
        UnreadableSource: its last quotation mark is not closed.
    """
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as fault:
        if "end of data" in str(fault):  # other marks inside a field are odd, but the row ends where it should
            reason = f"a quotation mark that line {began:,} opens is never closed"
            raise UnreadableSource(str(source), reason) from None


def _columns(source: Path, header: list[str], label_columns: Sequence[str]) -> tuple[int, list[int], list[str] | None]:
    """Positions of the text and of the labels, and the first row where it is no header but a document."""
    names = [name.strip() for name in header]
    for column in label_columns:
        if column not in names:
            reason = f"it has no column {column}; its columns are {', '.join(names)}"
            raise UnreadableSource(str(source), reason)
    labels = [names.index(column) for column in label_columns]
    lowered = [name.lower() for name in names]
    if "text" in lowered:
        if lowered.index("text") in labels:
            raise UnreadableSource(str(source), "its column text is what is learnt and cannot be a label")
        return lowered.index("text"), labels, None
    others = set(range(len(names))) - set(labels)
    if labels and len(others) == 1:
        return others.pop(), labels, None
    if len(names) == 1 and not labels:
        return 0, [], header  # a single column without the name `text`: its first line is a document like any other
    raise UnreadableSource(str(source), f"it has no column text; its columns are {', '.join(names)}")


def _objects(source: Path, label_fields: Sequence[str]) -> Iterator[Document]:
    missing = set(label_fields)
    for number, line in enumerate(_lines(source), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or not isinstance(value.get("text"), str):
            raise UnreadableSource(str(source), f'line {number:,} is not a JSON object with a "text"')
        missing -= value.keys()
        text = _whole(value["text"])
        cells = (part for field in label_fields for part in _listed(value.get(field)))
        yield Document(text, tuple(dict.fromkeys(label for cell in cells for label in labels_in(cell))))
    if missing:
        raise UnreadableSource(str(source), f"none of its objects has a field {', '.join(sorted(missing))}")


def _listed(value: object) -> list[str]:
    """What a JSON field names: a list's items, one value, or nothing."""
    if value is None:
        return []
    return [_whole(str(item)) for item in (value if isinstance(value, list) else [value])]


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # "\\ud800" is no character
