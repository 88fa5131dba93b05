"""Texts as vectors, so that near ones can be found: textgenrnn's `encode_text_vectors` and `similarity`.

A text's vector is what its model carries once it has read the text from the start token on: for a char-RNN the decayed
running average of its features, for a window the attention's average over it, for a transformer the mean over the
text's positions of what its last layer attends to. A model says so itself, by `vector` (see `generators.model.Embeds`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from generators.errors import Phrase, Unsupported
from generators.model import Embeds, Model

Vectors: TypeAlias = NDArray[np.float32]

TEXTS: Final = 32  # read side by side: from about 16 on, products are at full speed


class Similar(NamedTuple):
    """A text, and how near it is.

    Attributes:
        text: as it was given.
        similarity: cosine of the angle between centred vectors, from -1 to 1.
    """

    text: str
    similarity: float


class _Part(NamedTuple):
    """As much of a text as the model looks back on, and its share of all the text's tokens."""

    text: int
    ids: list[int]
    share: float


def vectors(model: Model[Any], texts: Iterable[str]) -> Vectors:
    """Vectors of texts, float32 [texts, size].

    A text that is longer than the model's context is read in parts; their vectors' mean, weighted by their tokens, is
    its own.

    Raises:
        Unsupported: the model gives none.
    """
    with threadpool_limits(1, "blas"):  # on products as small as a char-RNN's, threads mostly wait for each other
        found = [vector for block in _blocks(texts) for vector in _read(model, block)]
    return np.stack(found) if found else np.zeros((0, 0), np.float32)


def similar(model: Model[Any], text: str, texts: Iterable[str], top: int = 10) -> list[Similar]:
    """The nearest of some texts, the nearest first; equally near ones in their own order.

    Vectors are centred by the mean of `texts`, because all texts of a model have much in common. Keeping only the main
    components, as textgenrnn does (50), changed nothing measurable.

    Raises:
        Unsupported: the model gives no vectors.
    """
    read: list[str] = []
    among = vectors(model, _noted(texts, read))
    if not len(among):
        return []
    mean = among.mean(axis=0)
    nearness = cosines(vectors(model, [text])[0] - mean, among - mean)
    order = np.argsort(-nearness, kind="stable")[:top]
    return [Similar(read[place], float(nearness[place])) for place in order]


def cosines(vector: Vectors, others: Vectors) -> Vectors:
    """Cosines of the angles between a vector [size] and others [texts, size]; 0 where one has no length."""
    lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(vector)
    products = others @ vector
    found: Vectors = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0).clip(-1, 1)
    return found


def _noted(texts: Iterable[str], read: list[str]) -> Iterator[str]:
    for text in texts:
        read.append(text)
        yield text


def _blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    going = iter(texts)
    while block := list(islice(going, TEXTS)):
        yield block


def _read(model: Model[Any], texts: Sequence[str]) -> list[Vectors]:
    """Vectors of texts that are read side by side."""
    if not isinstance(model, Embeds):
        raise Unsupported(model.info.name, Phrase("vectors of texts"))
    vocabulary, most = model.vocabulary, model.info.context
    parts: list[_Part] = []
    for number, text in enumerate(texts):
        ids = [vocabulary.start, *vocabulary.encode(text)]
        size = most or len(ids)
        pieces = [ids[at : at + size] for at in range(0, len(ids), size)]
        parts += [_Part(number, piece, len(piece) / len(ids)) for piece in pieces]
    found: dict[int, Vectors] = {}
    for first in range(0, len(parts), TEXTS):
        block = parts[first : first + TEXTS]
        states = [model.start() for _ in block]
        model.extend(states, [part.ids for part in block])
        for part, state in zip(block, states, strict=True):
            weighted = model.vector(state) * np.float32(part.share)
            found[part.text] = found[part.text] + weighted if part.text in found else weighted
    return [found[number] for number in range(len(texts))]
