"""Measures of texts: how varied they are, and whether their words, sentences and quotations are whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Final, Protocol

import regex

from generators.completion import Unit
from generators.units import CLOSING, GRAMMARS, SENTENCE_ENDS, Phase

REPEATED: Final = 4  # words of an n-gram whose repetition counts; arXiv:1908.04319 (seq-rep-4)
LONGEST: Final = 256  # characters of one word
BLOCK: Final = 800  # characters in which quotations are looked for; shorter ones often have none
SEEN: Final = 2  # times that a word has to occur before it counts as one: a misprint occurs once

MARKS: Final = str.maketrans(dict.fromkeys("“”„‟«»", '"'))  # whichever of them opens where
CLOSES: Final = "".join(CLOSING) + "“‘« \n\xa0\u202f"  # German closes with the first three, French after a space

_LETTERS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]|(?:(?![\p{Han}\p{Hiragana}\p{Katakana}])[\p{L}\p{M}])+")
_BLANK = regex.compile(r"\n[^\S\n]*\n\s*")


class Written(Protocol):
    """A text to measure, such as a sample or a passage of a book."""

    @property
    def prompt(self) -> str:
        """What it goes on from; not in `text`."""

    @property
    def text(self) -> str:
        """All of it."""

    @property
    def ended(self) -> bool:
        """Whether it ends by itself; otherwise it was cut, perhaps within a word."""


@dataclass(frozen=True, slots=True)
class Style:
    """Measures of some texts; each is None where there is nothing that it could be measured on.

    The first five depend on how long the texts are, so only texts of like length compare.

    Attributes:
        distinct_1, distinct_2, distinct_3: share of different ones among all n-grams of words, of all texts together
            (arXiv:1510.03055); 1 where nothing is said twice.
        repetition: share of four-word sequences that stood in the same text before (arXiv:1908.04319), the texts' mean.
        length: mean characters of a text.
        ended: share of texts that the model ended.
        real_words: share of words that are in a lexicon; see `lexicon_of`.
        ended_sentences: share of paragraphs that end as sentences do.
        closed_quotes: share of blocks in which every quotation that opens is closed; see `quoted_blocks`.
    """

    distinct_1: float | None
    distinct_2: float | None
    distinct_3: float | None
    repetition: float | None
    length: float
    ended: float | None
    real_words: float | None
    ended_sentences: float | None
    closed_quotes: float | None


def style_of(texts: Sequence[Written], lexicon: Collection[str] | None = None) -> Style:
    """Measures of texts.

    Args:
        texts: samples of a model, or what they are held against.
        lexicon: words that count as real; without it that is not measured.

    Raises:
        ValueError: there are no texts.
    """
    if not texts:
        raise ValueError("there are no samples to measure")
    split = [words(each.text) for each in texts]
    repeated = [share for text in split if (share := _different(_grams(text, REPEATED))) is not None]
    one, two, three = (_different([gram for text in split for gram in _grams(text, n)]) for n in (1, 2, 3))
    return Style(
        distinct_1=one,
        distinct_2=two,
        distinct_3=three,
        repetition=1 - sum(repeated) / len(repeated) if repeated else None,
        length=sum(len(each.text) for each in texts) / len(texts),
        ended=sum(each.ended for each in texts) / len(texts),
        real_words=None if lexicon is None else real_words(texts, lexicon),
        ended_sentences=share_of(is_sentence(paragraph) for each in texts for paragraph in _whole_paragraphs(each)),
        closed_quotes=share_of(
            closed for each in texts for closed in quoted_blocks(each.prompt + each.text, ended=each.ended)
        ),
    )


def words(text: str) -> list[str]:
    """The words of a text without the space between them, small and capital letters alike; see `generators.units`."""
    found, at = [], 0
    while at < len(text):
        _, taken = GRAMMARS[Unit.WORD].scan(Phase.FRESH, text[at : at + LONGEST])
        found.append(text[at : at + (taken or LONGEST)].strip().casefold())
        at += taken or LONGEST
    return [word for word in found if word]


def spelt(text: str) -> list[str]:
    """The runs of letters of a text in small letters, each Han and kana character by itself."""
    found: list[str] = _LETTERS.findall(text.casefold())
    return found


def lexicon_of(counts: Counter[str]) -> frozenset[str]:
    """The words that occur at least twice, so that hardly a misprint is among them."""
    return frozenset(word for word, count in counts.items() if count >= SEEN)


def real_words(texts: Iterable[Written], lexicon: Collection[str]) -> float | None:
    """Share of words in a lexicon, of all words that the texts hold whole."""
    return share_of(word in lexicon for each in texts for word in spelt(_without_parts(each)))


def is_sentence(paragraph: str) -> bool:
    """Whether a paragraph ends with . ! ? … or their like, with closing quotation marks or brackets after it."""
    return paragraph.rstrip(CLOSES).endswith(tuple(SENTENCE_ENDS))


def quoted_blocks(text: str, *, ended: bool = True) -> Iterator[bool]:
    """Of each block of whole paragraphs of at least 800 characters: whether all its quotations are closed.

    Double quotation marks of any style open and close in turn. One that a paragraph opens is closed in it, or the
    next paragraph begins with another, as old books go on with a speech.

    Args:
        text: whose paragraphs are joined to blocks from its start on; what is left at its end is no block.
        ended: whether the last paragraph is whole.
    """
    paragraphs = paragraphs_of(text.translate(MARKS))
    closed = [
        one.count('"') % 2 == 0 or after.lstrip().startswith('"')
        for one, after in zip_longest(paragraphs, paragraphs[1:], fillvalue="")
    ]
    size, begun = 0, 0
    for number, paragraph in enumerate(paragraphs if ended else paragraphs[:-1]):
        size += len(paragraph)
        if size >= BLOCK:
            yield all(closed[begun : number + 1])
            size, begun = 0, number + 1


def paragraphs_of(text: str) -> list[str]:
    """What stands between blank lines; between line ends in a text without any, such as a conversation."""
    parts = _BLANK.split(text) if _BLANK.search(text.strip()) else text.split("\n")
    return [part for part in parts if part.strip()]


def share_of(held: Iterable[bool]) -> float | None:
    """How many of them are true; None of none."""
    counts = Counter(held)
    return counts[True] / counts.total() if counts else None


def _whole_paragraphs(written: Written) -> list[str]:
    paragraphs = paragraphs_of(written.text)
    return paragraphs if written.ended else paragraphs[:-1]


def _without_parts(written: Written) -> str:
    """A text without the end of the prompt's last word, and without a word that was cut."""
    text = written.text
    if written.prompt[-1:].isalpha():
        text = text[_letters_ahead(text) :]
    if not written.ended:
        text = text[: len(text) - _letters_ahead(text[::-1])]
    return text


def _letters_ahead(text: str) -> int:
    return next((at for at, character in enumerate(text) if not character.isalpha()), len(text))


def _grams(text: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(islice(text, first, None) for first in range(n)), strict=False))


def _different(grams: Sequence[tuple[str, ...]]) -> float | None:
    return len(set(grams)) / len(grams) if grams else None
