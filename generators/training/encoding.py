"""From a corpus to token ids: what is learnt from and what is held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from tokenizers import Tokenizer

from generators.charrnn.tokenizer import START_ID, characters_of, known_characters, tokenizer_of
from generators.training.corpus import Corpus, Document
from generators.training.errors import NothingToLearn
from generators.training.filters import QUOTES, cleaned
from generators.training.recipes import CharRNNRecipe
from generators.training.windows import Encoded, place
from generators.vocabulary import Vocabulary

TOLD: Final = 1000  # documents between two reports


@dataclass(slots=True)
class Prepared:
    """What a char-RNN is trained on.

    Attributes:
        tokenizer: made for this text, or the base's with new characters.
        learnt, held_out: documents; none is in both.
        documents, characters: how many were read, after cleaning.
        touched: documents that each filter changed.
    """

    tokenizer: Tokenizer
    learnt: Encoded
    held_out: Encoded
    documents: int = 0
    characters: int = 0
    touched: Counter[str] = field(default_factory=Counter)


def prepared(corpus: Corpus, recipe: CharRNNRecipe, base: Tokenizer | None, read: Callable[[int], None]) -> Prepared:
    """Reads a corpus twice: for its characters, then for its token ids. Only the ids stay in memory.

    Args:
        corpus: documents.
        recipe: which filters, how much is held out.
        base: tokenizer of the model that is to be tuned.
        read: told how many documents were read, now and then.

    Raises:
        UserError: a source cannot be read, or nothing is left of it.
    """
    counts: Counter[str] = Counter()
    touched: Counter[str] = Counter()
    documents = 0
    for document in watched(cleaned(corpus, recipe.filters, touched), read):
        counts.update(document.text)
        documents += 1
    if not counts:
        raise NothingToLearn
    tokenizer = tokenizer_of(_characters(counts, recipe, base))
    vocabulary = Vocabulary(tokenizer, START_ID, START_ID)
    places: list[float] = []

    def encoded() -> Iterator[list[int]]:
        for document in cleaned(corpus, recipe.filters, Counter()):
            places.append(place(document.text))
            yield [START_ID, *vocabulary.encode(document.text), START_ID]

    everything = Encoded.of(encoded(), vocabulary.size)
    learnt, held_out = parted(everything, np.array(places), recipe.held_out)
    return Prepared(tokenizer, learnt, held_out, documents, counts.total(), touched)


def watched(documents: Iterator[Document], read: Callable[[int], None]) -> Iterator[Document]:
    """The documents, of which every now and then it is told how many there were."""
    for number, document in enumerate(documents):
        if number % TOLD == 0:
            read(number)
        yield document


def _characters(counts: Counter[str], recipe: CharRNNRecipe, base: Tokenizer | None) -> list[str]:
    """Characters in the order of their ids; those of a base keep theirs, and new ones follow."""
    found = characters_of(counts, recipe.min_count)
    if "quotes" in recipe.filters:  # so that a prompt with typographic marks is read as one with straight ones
        found += [mark for mark in QUOTES if mark not in counts or counts[mark] < recipe.min_count]
    known = known_characters(base) if base is not None else []
    return known + [character for character in found if character not in set(known)]


def parted(
    everything: Encoded, places: np.ndarray[tuple[int], np.dtype[np.float64]], share: float
) -> tuple[Encoded, Encoded]:
    """What is learnt from and what is held out: whole documents, chosen by their own text."""
    if share == 0:
        return everything, everything.taken(np.zeros(len(everything), bool))
    if len(everything) == 1:  # running text: its last part, which no window of the first part reaches into
        ids = everything[0]
        cut = max(2, round(len(ids) * (1 - share)))
        return everything.parts([ids[:cut]]), everything.parts([ids[cut - 1 :]])
    out = places < share
    if not out.any():
        out[places.argmin()] = True
    if out.all():
        out[places.argmax()] = False
    return everything.taken(~out), everything.taken(out)
