"""Which texts a model is measured on, all of them or some; long ones in pieces, which are measured side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from generators.training.windows import Encoded

PIECE: Final = 2048  # tokens of a text at a check; one piece after another would take many times as long
BOOK: Final = 65_536  # tokens; a book's thirty-two cold starts change its bits by less than 0.001
PIECES: Final = 32  # of a book


def whole(held_out: Encoded) -> Iterator[list[int]]:
    """Every held-out text with something to predict; books in some pieces, the others as they are."""
    for ids in _shuffled(held_out):
        yield from _cut(ids, len(ids) if len(ids) < BOOK else -(-len(ids) // PIECES))


def sampled(held_out: Encoded, tokens: int) -> list[list[int]]:
    """Held-out texts with something to predict, drawn from every source up to so many tokens."""
    texts: list[list[int]] = []
    for ids in _shuffled(held_out):
        texts += _cut(ids[:tokens], PIECE)
        tokens -= len(ids)
        if tokens <= 0:
            break
    return texts


def _shuffled(held_out: Encoded) -> Iterator[list[int]]:
    for document in np.random.default_rng(0).permutation(len(held_out)).tolist():  # sources stand one after the other
        yield held_out[document].tolist()


def _cut(ids: Sequence[int], size: int) -> list[list[int]]:
    """Pieces that predict up to `size` tokens each; each begins with the token that the one before it ends with."""
    return [list(ids[at : at + size + 1]) for at in range(0, len(ids) - 1, max(size, 1))]
