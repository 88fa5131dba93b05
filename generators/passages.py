"""Passages of real text, as long as what models wrote: what the measures of writing are held against."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count, cycle
from typing import TYPE_CHECKING, Final, NamedTuple

import regex

from generators.style import Style, lexicon_of, quoted_blocks, share_of, spelt, style_of

if TYPE_CHECKING:
    from generators.training.documents import Document

SEED: Final = 0  # of the draw: the same files give the same passages

_PARAGRAPH = regex.compile(r"\n\s*\S")


class Passage(NamedTuple):
    """A part of a document, from the start of a paragraph on.

    Attributes:
        ended: whether it is the document's end.
    """

    text: str
    ended: bool
    prompt: str = ""


class Yardstick(NamedTuple):
    """What real text comes to.

    Attributes:
        style: of the passages; its quotations are measured in the whole documents, and its `ended` is None.
        lexicon: the words that real words were looked up in.
    """

    style: Style
    lexicon: Collection[str]


def yardstick(
    documents: Iterable[Document], lengths: Sequence[int], lexicon: Collection[str] | None = None
) -> Yardstick | None:
    """Measures of passages that are drawn evenly from documents, as many and as long as some texts.

    Args:
        documents: read once, one at a time.
        lengths: of the texts, in characters.
        lexicon: words that count as real; without it those of the documents outside the passages that occur twice.

    Returns:
        None where the texts, or the documents, are empty.
    """
    wanted = [length for length in lengths if length]
    if not wanted:
        return None
    drawn = random.Random(SEED)
    passages: list[Passage] = []
    counts: Counter[str] = Counter()
    blocks: Counter[bool] = Counter()
    number, sizes = count(1), cycle(wanted)
    for document in documents:
        counts.update(spelt(document.text))
        blocks.update(quoted_blocks(document.text))
        for passage in _cut(document.text, sizes):
            if len(passages) < len(wanted):  # reservoir sampling: each passage of all documents is as likely
                passages.append(passage)
                next(number)
            elif (place := drawn.randrange(next(number))) < len(wanted):
                passages[place] = passage
    if not passages:
        return None
    if lexicon is None:
        for passage in passages:
            counts.subtract(spelt(passage.text))
        lexicon = lexicon_of(counts)
    style = style_of(passages, lexicon)
    return Yardstick(replace(style, ended=None, closed_quotes=share_of(blocks.elements())), lexicon)


def words_in(documents: Iterable[Document]) -> frozenset[str]:
    """The words of documents that occur at least twice."""
    counts: Counter[str] = Counter()
    for document in documents:
        counts.update(spelt(document.text))
    return lexicon_of(counts)


def _cut(text: str, lengths: Iterator[int]) -> Iterator[Passage]:
    """A document in passages one after the other; a shorter one whole, a rest that is shorter not at all."""
    at = 0
    for length in lengths:
        if at and at + length > len(text):
            return
        yield Passage(text[at : at + length], at + length >= len(text))
        after = _PARAGRAPH.search(text, at + length)
        if after is None:
            return
        at = after.end() - 1
