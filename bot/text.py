"""Text from people, checked at the door."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from generators.errors import Phrase, Translate, UserError, english

LONGEST_PROMPT: Final = 20_000  # characters of one prompt; more is a book, and no model of ours looks back as far

DIRECTIONS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")  # embeddings, overrides, isolates (UAX #9)
BLANKS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0").union(
    *(map(chr, range(first, last + 1)) for first, last in ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF)))
)  # letters and marks that are drawn as nothing: Hangul fillers, variation selectors, the empty Braille pattern
SURROGATES: Final = re.compile("[\ud800-\udfff]")  # halves of a character: no database and no encoder takes them

Flaw: TypeAlias = Literal["nul", "surrogate", "direction"]


@dataclass(eq=False)
class UnusableText(UserError):
    """Characters that a database refuses, or that make a line read otherwise than it is written."""

    what: Phrase
    flaw: Flaw

    def sentence(self, translate: Translate = english) -> str:
        return begun(self._said(translate))

    def _said(self, translate: Translate) -> str:
        match self.flaw:
            case "nul":
                return translate("{what} has a NUL character in it; leave it out.", what=self.what)
            case "surrogate":
                return translate(
                    "{what} has half a character in it (a lone surrogate); type that character anew.", what=self.what
                )
            case "direction":
                return translate(
                    "{what} has invisible characters in it that turn the direction of writing; leave them out.",
                    what=self.what,
                )


@dataclass(eq=False)
class TooLong(UserError):
    """More characters than there is room for."""

    what: Phrase
    length: int
    limit: int

    def sentence(self, translate: Translate = english) -> str:
        return begun(
            translate(
                "{what} has {length:,} characters; at most {limit:,} fit, so shorten it.",
                what=self.what,
                length=self.length,
                limit=self.limit,
            )
        )


def checked(text: str, what: Phrase, limit: int = LONGEST_PROMPT) -> str:
    """The text itself, never changed or stripped, once it is sure that it can be stored and shown.

    Args:
        text: as a person typed it.
        what: names it in the error, such as «the prompt».
        limit: characters that are allowed.

    Raises:
        TooLong: it has more characters than the limit.
        UnusableText: it has a NUL, a lone surrogate or a character that turns the direction of writing.
    """
    if len(text) > limit:
        raise TooLong(what, len(text), limit)
    if "\0" in text:
        raise UnusableText(what, "nul")
    if SURROGATES.search(text):
        raise UnusableText(what, "surrogate")
    if DIRECTIONS.search(text):
        raise UnusableText(what, "direction")
    return text


def is_visible(character: str) -> bool:
    """Whether a reader sees anything where the character stands."""
    return character not in BLANKS and unicodedata.category(character)[0] not in "ZC"


def begun(sentence: str) -> str:
    """The sentence with a capital at its beginning, where a phrase stands."""
    return sentence[:1].upper() + sentence[1:]
