"""Cleaning steps: each has a name, does one thing to a document, and is counted."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Final, TypeAlias

from generators.errors import InvalidValue
from generators.training.corpus import Document

Filter: TypeAlias = Callable[[str], list[str]]  # a document's text to what becomes of it: nothing, one text, several

QUOTES: Final = {"“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'"}

BOOK: Final = 20_000  # characters; no tale, chapter or article that should stay whole is much longer
CHAPTER: Final = 400  # characters; shorter stretches between headings are contents, dedications and rhymes
HEADING: Final = 70  # characters; longer lines in capitals are sentences on signs and gravestones

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\u200b\ufffe\uffff]")
_NUMBERED = re.compile(r"(chapter|book|part|letter|stave|story|act|scene|volume|canto)\s+[\divxlcdm]+\b", re.I)
_NUMBER = re.compile(r"[ivxlcdm\d]+\.?", re.I)
_SMALL_WORD = re.compile(r"[a-z]{1,4}|[a-z]+['’]s?")


def cleaned(documents: Iterable[Document], names: Sequence[str], touched: Counter[str]) -> Iterator[Document]:
    """The documents after these filters, in their order; `touched` counts documents that each one changed.

    Raises:
        InvalidValue: there is no filter of that name.
    """
    for name in names:
        if name not in FILTERS:
            raise InvalidValue("filters", name, f"some of {', '.join(FILTERS)}")
    return _cleaned(documents, [(name, FILTERS[name]()) for name in names], touched)


def _cleaned(
    documents: Iterable[Document], filters: Sequence[tuple[str, Filter]], touched: Counter[str]
) -> Iterator[Document]:
    for document in documents:
        texts = [document.text]
        for name, apply in filters:
            after = [text for before in texts for text in apply(before)]
            touched[name] += after != texts
            texts = after
        for text in filter(None, texts):  # nothing is no document: it would teach to end at once
            yield replace(document, text=text)


def nfc(text: str) -> list[str]:
    """One code for each accented letter, however it was typed."""
    return [unicodedata.normalize("NFC", text)]


def control(text: str) -> list[str]:
    """Leaves out control characters but tab and line feed, zero-width spaces and byte order marks."""
    return [_CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))]


_STRAIGHT = str.maketrans(QUOTES)


def quotes(text: str) -> list[str]:
    """Straight quotation marks: one style is learnt sooner than three."""
    return [text.translate(_STRAIGHT)]


def spaces(text: str) -> list[str]:
    """Plain spaces, none at the ends of lines, and at most one blank line."""
    text = re.sub(r"[^\S\n]+", " ", text)
    return [re.sub(r"\n{3,}", "\n\n", re.sub(r" *\n *", "\n", text)).strip()]


def lower(text: str) -> list[str]:
    """Small letters only: half the alphabet to learn, and no names or starts of sentences to tell."""
    return [text.lower()]


def chapters(text: str) -> list[str]:
    """Books become their tales and chapters, without headings: a document then begins as a story begins."""
    if len(text) < BOOK:
        return [text]
    stories: list[list[str]] = [[]]
    for block in text.split("\n\n"):
        if _is_heading(block):
            stories.append([])
        elif stories[-1] or _is_prose(block):
            stories[-1].append(block)
    return [story for blocks in stories if len(story := "\n\n".join(blocks)) >= CHAPTER]


def _is_heading(block: str) -> bool:
    line = block.strip(" *_\n")
    if not line or "\n" in line or len(line) > HEADING:
        return False
    if _NUMBERED.match(line) or _NUMBER.fullmatch(line) or line.isupper():
        return True
    words = line.split()  # «The Cat and the Mouse in Partnership»
    return line[-1].isalpha() and len(words) > 1 and all(w[0].isupper() or _SMALL_WORD.fullmatch(w) for w in words)


def _is_prose(block: str) -> bool:
    """Whether a document may begin with it: a paragraph of at least a sentence, no line of contents or byline."""
    return len(block) > HEADING and any(mark in block for mark in ".!?") and not block.isupper()


def duplicates() -> Filter:
    """Leaves out texts that came before, letter by letter the same."""
    seen: set[bytes] = set()

    def first_time(text: str) -> list[str]:
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()  # not the text: it is long
        if digest in seen:
            return []
        seen.add(digest)
        return [text]

    return first_time


FILTERS: Final[Mapping[str, Callable[[], Filter]]] = {
    "nfc": lambda: nfc,
    "control": lambda: control,
    "quotes": lambda: quotes,
    "spaces": lambda: spaces,
    "lower": lambda: lower,
    "chapters": lambda: chapters,
    "duplicates": duplicates,
}
