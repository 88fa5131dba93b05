"""What filters look for in a document: words, columns, scripts, symbols, notes and addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

import regex

from generators.errors import InvalidValue
from generators.training.documents import Document

Filter: TypeAlias = Callable[[Document], list[str]]  # a document to what becomes of its text: nothing, one, several

SYMBOLS: Final = 0.05  # share of a text's characters; a line of emoji or of box drawing has more
JAPANESE: Final = ("Hiragana", "Katakana", "Han")  # what it is written with; a text in Chinese has the last one too

URL: Final = re.compile(
    r"\(?\b(?:https?://|www\.)[^\s<>()\[\]]*(?:\([^\s<>()]*\)[^\s<>()\[\]]*)*(?<![.,;:!?])\)?", re.I
)
EMAIL: Final = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b", re.I)
PHONE: Final = re.compile(  # +49 30 123456, (555) 123-4567, 555-123-4567, 030/123 456-78; years and prices are none
    r"(?<![\w+.,-])(?:\+\d{1,3}[\s./-]?(?:\(\d{1,4}\)[\s./-]?)?\d(?:[\s./-]?\d){5,11}"
    r"|\(\d{2,5}\)[ ./-]?\d{2,4}(?:[ ./-]?\d{2,4}){1,3}"
    r"|\d{3}[ .-]\d{3}[ .-]\d{4}"
    r"|0\d{1,4}[ /-]\d{2,4}(?:[ /-]?\d{2,4}){1,3})(?![\w-])"
)
_SOURCE = r"(?:sou?rc?e|souce|writt+en\s+by|credits?\b|translated\s+(?:by|from)|taken\s+from)"
_NOTE = re.compile(  # «(Source: ANN)», «[Written by MAL Rewrite]», «(from AniDB)», «Source: Wikipedia» at the end
    r"\s*(?:[(\[]\s*(?:from|via)\s+\S{1,30}[)\]]"  # one word: what a plot is from has more
    rf"|[(\[]\s*{_SOURCE}\b[^()\[\]\n]{{0,80}}(?:\([^()\n]{{0,40}}\)[^()\[\]\n]{{0,20}})?[)\]]"
    r"|(?:(?<=[.!?\"”'’)\]…])|(?<=\n))\s*(?:source|written by)\s*:[^.\n]{0,80}(?:\.\w{2,4}\b[^.\n]{0,20})?)[\s.]*$",
    re.I,
)
_SYMBOL = regex.compile(r"[^\p{L}\p{M}\p{N}\p{P}\s]")


def notes(text: str) -> list[str]:
    """Leaves out notes at the end that say where a text is from, one or several."""
    while (shorter := _NOTE.sub("", text)) != text:
        text = shorter
    return [text]


def min_words(value: str, given: str) -> Filter:
    """Removes documents of fewer words."""
    least = _whole_number(value, given)
    return _kept_if(lambda document: len(document.text.split()) >= least)


def max_words(value: str, given: str) -> Filter:
    """Removes documents of more words."""
    most = _whole_number(value, given)
    return _kept_if(lambda document: len(document.text.split()) <= most)


def keywords(value: str, given: str) -> Filter:
    """Removes documents with one of these words or phrases, in whatever case."""
    found = _any_of(value, given)
    return _kept_if(lambda document: found.search(document.text) is None)


def only(value: str, given: str) -> Filter:
    """Removes documents with none of these words or phrases."""
    found = _any_of(value, given)
    return _kept_if(lambda document: found.search(document.text) is not None)


def column(name: str, value: str, given: str) -> Filter:
    """Removes documents whose column says none of these values, in whatever case."""
    wanted = {item.casefold() for item in _listed(value, given)}
    if not name:
        raise InvalidValue("filters", given, "column:NAME=VALUE|VALUE")
    return _kept_if(lambda document: any(item.casefold() in wanted for item in document.columns.get(name, ())))


def symbols(value: str, given: str) -> Filter:
    """Removes documents of which a larger share is neither letters, digits, spaces nor punctuation."""
    try:
        most = float(value or SYMBOLS)
    except ValueError:
        most = -1.0
    if not 0 <= most <= 1:
        raise InvalidValue("filters", given, "symbols, or symbols= and a share from 0 to 1")
    return _kept_if(lambda document: len(_SYMBOL.findall(document.text)) <= most * len(document.text))


def without_scripts(value: str, given: str) -> Filter:
    """Removes documents with a letter of these scripts, by their names in Unicode; Japanese is three of them."""
    names = [name for item in _listed(value, given) for name in (JAPANESE if item.lower() == "japanese" else (item,))]
    try:
        found = regex.compile("[" + "".join(rf"\p{{Script={name}}}" for name in names) + "]")
    except regex.error:
        allowed = "without-scripts= and scripts by their names in Unicode, such as Japanese|Cyrillic|Han"
        raise InvalidValue("filters", given, allowed) from None
    return _kept_if(lambda document: found.search(document.text) is None)


def _kept_if(holds: Callable[[Document], bool]) -> Filter:
    return lambda document: [document.text] if holds(document) else []


def _whole_number(value: str, given: str) -> int:
    if not value.isdecimal() or not value.isascii() or len(value) > 9:
        raise InvalidValue("filters", given, f"{given.partition('=')[0]}= and a whole number, such as 20")
    return int(value)


def _listed(value: str, given: str) -> list[str]:
    items = [item.strip() for item in value.split("|") if item.strip()]
    if not items:
        raise InvalidValue("filters", given, f"{given.partition('=')[0]}= and values with | between them")
    return items


def _any_of(value: str, given: str) -> re.Pattern[str]:
    together = "|".join(map(re.escape, _listed(value, given)))
    return re.compile(rf"(?<!\w)(?:{together})(?!\w)", re.I)
