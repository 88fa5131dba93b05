"""Documents to train on, read from files one at a time."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from generators.training.decoding import Lines, encoding_of
from generators.training.errors import UnreadableSource, UnusableLabels
from generators.training.labels import labels_in
from generators.training.sealed import is_sealed, read_sealed
from generators.training.sources import is_file

Documents: TypeAlias = Literal["line", "blank", "block", "file"]

SEPARATOR: Final = "=====DOC====="
CSV_DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
JSON_LINES: Final = frozenset({".jsonl", ".ndjson"})
PIECE: Final = 1 << 20  # characters of running text that are read at a time


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
            told = ((line, read.through) for line in read if line.rstrip() != SEPARATOR)
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
        if suffix in CSV_DELIMITERS:
            return _rows(source, CSV_DELIMITERS[suffix], fields)
        if suffix in JSON_LINES:
            return _objects(source, fields)
        return _texts(source, self.documents)

    def _sealed(self, source: Path) -> Iterator[Document]:
        for text, labels, through in read_sealed(source, self.key):
            kept = labels if self.sealed_labels is None else tuple(filter(self.sealed_labels.__contains__, labels))
            yield Document(text, kept, through=through)


def has_columns(source: Path) -> bool:
    """Whether a file's documents have columns or fields, by its name."""
    return source.suffix.lower() in CSV_DELIMITERS or source.suffix.lower() in JSON_LINES or is_sealed(source)


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


def _texts(source: Path, documents: Documents | None) -> Iterator[Document]:
    lines = Lines(source)
    if documents in (None, "block") and any(line.rstrip() == SEPARATOR for line in lines):
        yield from _between(lines, lambda line: line.rstrip() == SEPARATOR)
    elif documents in ("blank", "block"):
        yield from _between(lines, lambda line: not line.strip() or line.rstrip() == SEPARATOR)
    elif documents == "file":
        yield from _between(lines, lambda _: False)
    else:
        for line in lines:
            text = line.removesuffix("\n") if line.rstrip() != SEPARATOR else ""
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


def _rows(source: Path, delimiter: str, fields: Fields) -> Iterator[Document]:
    csv.field_size_limit(sys.maxsize)  # the default refuses fields of more than 131,072 characters
    raw: list[str] = []  # lines of the row that is being read
    read = Lines(source)
    rows = csv.reader(_noted(read, raw), delimiter=delimiter)
    try:
        header = next(rows, None)
        if header is None:
            return
        text, labels, others, body = _columns(source, header, fields)
        raw.clear()
        began = rows.line_num + 1
        for row in rows if body is None else chain([body], rows):
            began, lines = rows.line_num + 1 - len(raw), list(raw)
            raw.clear()
            if len(row) > text:
                cells = (row[label] for label in labels if len(row) > label)
                named = tuple(dict.fromkeys(label for cell in cells for label in labels_in(cell)))
                columns = {name: _values(row[at]) if len(row) > at else () for name, at in others.items()}
                document = Document(row[text], named, columns, read.through)
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


class _Columns(NamedTuple):
    """Positions of columns, and the first row where it is no header but a document."""

    text: int
    labels: list[int]
    others: dict[str, int]
    body: list[str] | None = None


def _columns(source: Path, header: list[str], fields: Fields) -> _Columns:
    names = [name.strip() for name in header]
    for column in (*([fields.text] if fields.text else []), *fields.labels, *fields.others):
        if column not in names:
            reason = f"it has no column {column}; its columns are {', '.join(names)}"
            raise UnreadableSource(str(source), reason)
    labels = [names.index(column) for column in fields.labels]
    others = {column: names.index(column) for column in fields.others}
    lowered = [name.lower() for name in names]
    if fields.text or "text" in lowered:
        text = names.index(fields.text) if fields.text else lowered.index("text")
        if text in labels:
            reason = f"its column {fields.text or 'text'} is what is learnt and cannot be a label"
            raise UnreadableSource(str(source), reason)
        return _Columns(text, labels, others)
    left = set(range(len(names))) - set(labels)
    if labels and len(left) == 1:
        return _Columns(left.pop(), labels, others)
    if len(names) == 1 and not labels and not others:
        return _Columns(0, [], {}, header)  # without the name `text`, its first line is a document like any other
    reason = f"it has no column text; its columns are {', '.join(names)}, and --text-column names one of them"
    raise UnreadableSource(str(source), reason)


def _objects(source: Path, fields: Fields) -> Iterator[Document]:
    name = fields.text or "text"
    if name in fields.labels:
        raise UnreadableSource(str(source), f"its field {name} is what is learnt and cannot be a label")
    missing = {*fields.labels, *fields.others}
    read = Lines(source)
    for number, line in enumerate(read, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or not isinstance(value.get(name), str):
            there = f"; its fields are {', '.join(value)}" if isinstance(value, dict) and name not in value else ""
            raise UnreadableSource(str(source), f'line {number:,} is not a JSON object with a "{name}"{there}')
        missing -= value.keys()
        cells = (part for label in fields.labels for part in _listed(value.get(label)))
        labels = tuple(dict.fromkeys(label for cell in cells for label in labels_in(cell)))
        columns = {other: _values(*_listed(value.get(other))) for other in fields.others}
        yield Document(_whole(value[name]), labels, columns, read.through)
    if missing:
        raise UnreadableSource(str(source), f"none of its objects has a field {', '.join(sorted(missing))}")


def _values(*cells: str) -> tuple[str, ...]:
    """What a cell says: all of it, and each of the values that commas separate in it."""
    return tuple(dict.fromkeys(value for cell in cells for value in (cell.strip(), *labels_in(cell)) if value))


def _listed(value: object) -> list[str]:
    """What a JSON field names: a list's items, one value, or nothing."""
    if value is None:
        return []
    return [_whole(str(item)) for item in (value if isinstance(value, list) else [value])]


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # "\\ud800" is no character
