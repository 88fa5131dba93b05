"""Documents of CSV and TSV files, one a row."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from generators.training.decoding import Lines
from generators.training.documents import Document, Fields, cell_values
from generators.training.errors import UnreadableSource
from generators.training.labels import labels_in

DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}


def rows(source: Path, fields: Fields) -> Iterator[Document]:
    """The documents of a CSV or TSV file, one a row, empty ones too.

    Raises:
        UnreadableSource: it lacks a column, or is no such table.
    """
    delimiter = DELIMITERS[source.suffix.lower()]
    csv.field_size_limit(sys.maxsize)  # the default refuses fields of more than 131,072 characters
    raw: list[str] = []  # lines of the row that is being read
    read = Lines(source)
    table = csv.reader(_noted(read, raw), delimiter=delimiter)
    try:
        header = next(table, None)
        if header is None:
            return
        text, labels, others, body = _columns(source, header, fields)
        raw.clear()
        began = table.line_num + 1
        for row in table if body is None else chain([body], table):
            began, lines = table.line_num + 1 - len(raw), list(raw)
            raw.clear()
            if len(row) > text:
                cells = (row[label] for label in labels if len(row) > label)
                named = tuple(dict.fromkeys(label for cell in cells for label in labels_in(cell)))
                columns = {name: cell_values(row[at]) if len(row) > at else () for name, at in others.items()}
                document = Document(row[text], named, columns, read.through)
            else:
                document = Document("")
            if len(lines) > 1:
                _check_closed(source, lines, delimiter, began)
            yield document
    except csv.Error as fault:
        raise UnreadableSource(str(source), f"line {table.line_num:,} is not CSV ({fault})") from fault


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
