"""Units that people read: where a word, a sentence or a token that is a whole character begins and ends.

A word is optional white space, then a run of letters, digits, apostrophes and hyphens, or one punctuation mark, or one
Han or kana character, or the end of the text. A sentence goes up to its closing mark with the quotes after it, to a
line end, or to the end of the text. White space leads a unit and never ends one, so that units joined are the text.
"""

from __future__ import annotations

import unicodedata
from enum import Enum, auto
from functools import lru_cache
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from generators.completion import Unit
from generators.vocabulary import Vocabulary

RUN_MARKS: Final = frozenset("'’-‐‑")  # apostrophes and hyphens, straight, typographic and non-breaking
HAN_AND_KANA: Final = (  # Unicode 17, Blocks.txt; code points, both ends included
    (0x3005, 0x3007),  # 々〆〇
    (0x3040, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x1AFF0, 0x1B16F),
    (0x20000, 0x3FFFF),
)
SENTENCE_ENDS: Final = frozenset(".!?…。！？")
CLOSING: Final = frozenset("\"'”’»)]」』）】》")


class Phase(Enum):
    """How far a unit has come."""

    FRESH = auto()  # nothing yet but white space
    OPEN = auto()  # inside; the next character may end the unit before it
    ENDING = auto()  # a sentence after its closing mark


class Kind(Enum):
    """What a character means to a word."""

    SPACE = auto()
    RUN = auto()
    SINGLE = auto()


@lru_cache(maxsize=1 << 16)
def kind(character: str) -> Kind:
    """Whether a character is white space, part of a run, or a word of its own."""
    if character.isspace():
        return Kind.SPACE
    code = ord(character)
    if any(first <= code <= last for first, last in HAN_AND_KANA):
        return Kind.SINGLE
    if character in RUN_MARKS or character.isalnum() or unicodedata.category(character).startswith("M"):
        return Kind.RUN
    return Kind.SINGLE


class Grammar(Protocol):
    """The rules of one unit."""

    longest: int
    """Tokens after which a unit ends wherever it stands: some scripts write whole paragraphs without a space."""

    def scan(self, phase: Phase, text: str) -> tuple[Phase, int | None]:
        """Reads on.

        Returns:
            The phase after the text and None; or, where the unit ends, how many of the characters belong to it.
        """
        ...


class Tokens:
    """Every text that is whole characters is a unit."""

    longest = 8  # a character is four bytes at most; broken ones must end some time

    def scan(self, phase: Phase, text: str) -> tuple[Phase, int | None]:
        return phase, len(text) or None


class Words:
    """Words as the module's docstring defines them."""

    longest = 64

    def scan(self, phase: Phase, text: str) -> tuple[Phase, int | None]:
        for place, character in enumerate(text):
            match kind(character):
                case Kind.RUN:
                    phase = Phase.OPEN
                case _ if phase is Phase.OPEN:
                    return phase, place
                case Kind.SINGLE:
                    return phase, place + 1
                case _:
                    pass
        return phase, None


class Sentences:
    """Sentences as the module's docstring defines them; «3.14» and «e.g.this» do not end at their points."""

    longest = 300

    def scan(self, phase: Phase, text: str) -> tuple[Phase, int | None]:
        for place, character in enumerate(text):
            if phase is Phase.FRESH and character.isspace():
                continue
            if phase is Phase.ENDING:
                if character in SENTENCE_ENDS or character in CLOSING:
                    continue
                if kind(character) is not Kind.RUN:
                    return phase, place
                phase = Phase.OPEN
            elif character in "\n\u2028\u2029":
                return phase, place
            else:
                phase = Phase.ENDING if character in SENTENCE_ENDS else Phase.OPEN
        return phase, None


GRAMMARS: Final[dict[Unit, Grammar]] = {Unit.TOKEN: Tokens(), Unit.WORD: Words(), Unit.SENTENCE: Sentences()}


class Cursor:
    """Follows the bytes of one unit until it ends.

    Attributes:
        phase: of the whole characters so far.
        pending: the last bytes where they do not make a character yet.
        text: the unit's whole characters so far.
    """

    __slots__ = ("_grammar", "pending", "phase", "text")

    def __init__(self, grammar: Grammar, phase: Phase = Phase.FRESH, text: str = "", pending: bytes = b"") -> None:
        self._grammar = grammar
        self.phase = phase
        self.text = text
        self.pending = pending

    def branch(self) -> Cursor:
        """Another one at the same place."""
        return Cursor(self._grammar, self.phase, self.text, self.pending)

    def feed(self, more: bytes) -> int | None:
        """Reads on; once the unit has ended, the number of characters read now that belong to it, else None.

        `text` has then grown by those characters only.
        """
        whole, self.pending = split_characters(self.pending + more)
        self.phase, taken = self._grammar.scan(self.phase, whole)
        self.text += whole[:taken]
        return taken


def split_characters(data: bytes) -> tuple[str, bytes]:
    """Whole characters, and the bytes at the end that may still become one; what never can becomes «�»."""
    for held in range(min(3, len(data)), 0, -1):
        tail = data[-held:]
        if _begins_character(tail):
            return data[:-held].decode("utf-8", "replace"), tail
    return data.decode("utf-8", "replace"), b""


def _begins_character(tail: bytes) -> bool:
    """Whether these bytes are the incomplete beginning of one character."""
    try:
        tail.decode()
    except UnicodeDecodeError as fault:
        return fault.start == 0 and fault.reason == "unexpected end of data"
    return False


class UnitMap:
    """What each token of a vocabulary means to units, as masks over the vocabulary.

    Attributes:
        closing: tokens that begin a new word after a run, the end among them.
        continuing: tokens that begin inside a character.
        ordinary: tokens that stand for text.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        words = GRAMMARS[Unit.WORD]
        self.closing = np.zeros(vocabulary.size, bool)
        self.continuing = np.zeros(vocabulary.size, bool)
        self.ordinary = np.zeros(vocabulary.size, bool)
        for token, data in enumerate(vocabulary.bytes):
            if not data:
                continue
            self.ordinary[token] = True
            self.continuing[token] = 0x80 <= data[0] < 0xC0
            whole, _ = split_characters(data)
            self.closing[token] = not self.continuing[token] and words.scan(Phase.OPEN, whole)[1] == 0
        self.closing[vocabulary.end] = True

    def children(self, unit: Unit, cursor: Cursor) -> NDArray[np.bool_]:
        """Tokens that take a unit further from here, whether or not they also complete it."""
        if cursor.pending:
            return self.continuing
        whole = self.ordinary & ~self.continuing
        return whole & ~self.closing if unit is Unit.WORD and cursor.phase is Phase.OPEN else whole
