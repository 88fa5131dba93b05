"""Cleaning steps: each has a name, does one thing to a document, and is counted."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from re import Pattern
from typing import Final

from generators.errors import InvalidValue
from generators.training import rules
from generators.training.books import transcribed
from generators.training.chapters import stories
from generators.training.digests import Digests
from generators.training.documents import Document
from generators.training.quotation import QUOTES as QUOTES
from generators.training.quotation import straight
from generators.training.rules import Filter

COLUMN: Final = "column:"

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\u200b\ufffe\uffff]")


@dataclass(slots=True)
class Tally:
    """How many documents each filter changed, and how many it removed."""

    changed: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)

    def told(self, names: Sequence[str]) -> dict[str, dict[str, int]]:
        """`changed` and `removed` of each of these filters."""
        return {name: {"changed": self.changed[name], "removed": self.removed[name]} for name in names}


def cleaned(documents: Iterable[Document], names: Sequence[str], tally: Tally | None = None) -> Iterator[Document]:
    """The documents after these filters, in their order; what each one does is counted.

    Args:
        documents: to clean.
        names: as `expanded` takes them.
        tally: counts.

    Raises:
        InvalidValue: there is no filter of that name, or it cannot have that value.
    """
    return _cleaned(documents, [(name, _filter(name)) for name in expanded(names)], tally or Tally())


def _cleaned(documents: Iterable[Document], filters: Sequence[tuple[str, Filter]], tally: Tally) -> Iterator[Document]:
    for document in documents:
        texts = [document.text]
        for name, apply in filters:
            texts = [after for before in texts for after in _counted(name, apply, _with(document, before), tally)]
        for text in filter(None, texts):  # nothing is no document: it would teach to end at once
            yield _with(document, text)


def _with(document: Document, text: str) -> Document:
    return document if text == document.text else replace(document, text=text)


def _counted(name: str, apply: Filter, document: Document, tally: Tally) -> list[str]:
    after = [text for text in apply(document) if text]
    if not after:
        tally.removed[name] += 1
    elif after != [document.text]:
        tally.changed[name] += 1
    return after


def expanded(names: Sequence[str]) -> list[str]:
    """The filters, with presets as the filters that they are.

    Args:
        names: `name` or `name=value`, or a preset; several values have `|` between them.

    Raises:
        InvalidValue: one does not exist.
    """
    filters = [single for name in names for single in PRESETS.get(name, (name,))]
    for name in filters:
        _filter(name)
    return filters


def columns_of(names: Sequence[str]) -> list[str]:
    """The columns that filters look at."""
    columns = (name.removeprefix(COLUMN).partition("=")[0] for name in expanded(names) if name.startswith(COLUMN))
    return list(dict.fromkeys(columns))


def of_documents(name: str) -> bool:
    """Whether a filter looks at documents as such, which a running text has none of."""
    return name.startswith(COLUMN) or name.partition("=")[0] in OF_DOCUMENTS


def _filter(given: str) -> Filter:
    name, _, value = given.partition("=")
    if given.startswith(COLUMN):
        return rules.column(name.removeprefix(COLUMN), value, given)
    if name in PARAMETRISED:
        return PARAMETRISED[name](value, given)
    if name in FILTERS and name == given:
        return FILTERS[name]()
    listed = [*FILTERS, *(f"{parametrised}=…" for parametrised in PARAMETRISED), f"{COLUMN}NAME=…", *PRESETS]
    raise InvalidValue("filters", given, f"some of {', '.join(listed)}")


def nfc(text: str) -> list[str]:
    """One code for each accented letter, however it was typed."""
    return [unicodedata.normalize("NFC", text)]


def control(text: str) -> list[str]:
    """Leaves out control characters but tab and line feed, zero-width spaces and byte order marks."""
    return [_CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))]


def quotes(text: str) -> list[str]:
    """Quotation marks of one style: one is learnt sooner than three."""
    return [straight(text)]


def books(text: str) -> list[str]:
    """Leaves out what printers and transcribers put around a text."""
    return [transcribed(text)]


def spaces(text: str) -> list[str]:
    """Plain spaces, none at the ends of lines, and at most one blank line."""
    text = re.sub(r"[^\S\n]+", " ", text)
    return [re.sub(r"\n{3,}", "\n\n", re.sub(r" *\n *", "\n", text)).strip()]


def lower(text: str) -> list[str]:
    """Small letters only: half the alphabet to learn, and no names or starts of sentences to tell."""
    return [text.lower()]


def duplicates() -> Filter:
    """Leaves out texts that came before, letter by letter the same."""
    seen = Digests()
    return lambda document: [document.text] if seen.add(document.text) else []


def _of_text(change: Callable[[str], list[str]]) -> Callable[[], Filter]:
    return lambda: lambda document: change(document.text)


def _removing(pattern: Pattern[str]) -> Callable[[], Filter]:
    """Takes what matches out of a text, and the spaces that are then two."""

    def removed(document: Document) -> list[str]:
        text, count = pattern.subn("", document.text)
        return [re.sub(r"(?<=\S) +(?=[ .,;:!?)\n]|$)|^ +", "", text).strip(" ")] if count else [document.text]

    return lambda: removed


FILTERS: Final[Mapping[str, Callable[[], Filter]]] = {
    "nfc": _of_text(nfc),
    "control": _of_text(control),
    "quotes": _of_text(quotes),
    "books": _of_text(books),
    "spaces": _of_text(spaces),
    "lower": _of_text(lower),
    "chapters": _of_text(stories),
    "duplicates": duplicates,
    "notes": _of_text(rules.notes),
    "urls": _removing(rules.URL),
    "emails": _removing(rules.EMAIL),
    "phones": _removing(rules.PHONE),
    "symbols": lambda: rules.symbols("", "symbols"),
}

PARAMETRISED: Final[Mapping[str, Callable[[str, str], Filter]]] = {
    "min-words": rules.min_words,
    "max-words": rules.max_words,
    "keywords": rules.keywords,
    "only": rules.only,
    "symbols": rules.symbols,
    "without-scripts": rules.without_scripts,
}

OF_DOCUMENTS: Final = frozenset({"duplicates", "chapters", "books", *PARAMETRISED})

PRESETS: Final[Mapping[str, tuple[str, ...]]] = {
    "anime": (  # synopses as their database has them
        *("nfc", "control", "notes", "urls", "spaces"),
        *("without-scripts=Japanese", "symbols", "min-words=10", "duplicates"),
    ),
    "stories": ("nfc", "control", "quotes", "books", "spaces", "chapters", "duplicates"),  # books and conversations
}
