"""Documents of JSON lines, one an object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from generators.training.decoding import Lines
from generators.training.documents import Document, Fields, cell_values
from generators.training.errors import UnreadableSource
from generators.training.labels import labels_in

SUFFIXES: Final = frozenset({".jsonl", ".ndjson"})


def objects(source: Path, fields: Fields) -> Iterator[Document]:
    """The documents of a file with a JSON object a line.

    Raises:
        UnreadableSource: a line is none, or lacks the text, or none of them has a field that was asked for.
    """
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
        columns = {other: cell_values(*_listed(value.get(other))) for other in fields.others}
        yield Document(_whole(value[name]), labels, columns, read.through)
    if missing:
        raise UnreadableSource(str(source), f"none of its objects has a field {', '.join(sorted(missing))}")


def _listed(value: object) -> list[str]:
    """What a JSON field names: a list's items, one value, or nothing."""
    if value is None:
        return []
    return [_whole(str(item)) for item in (value if isinstance(value, list) else [value])]


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # "\\ud800" is no character
