"""What a streaming char-RNN's rows begin with: labels that stay, and the input's features where no table has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from generators.charrnn.folding import Array, Shape, is_tabled, own_embeddings
from generators.charrnn.heads import Packed


class Inputs:
    """Fills in the first `embedding_size` numbers of rows.

    Where tables have what each token adds by itself, they are only the sum of the labels' embeddings since the text's
    start; where there are no tables, they are the token's own embedding too, and the labels' sum is kept elsewhere.

    Args:
        shape: of a model that has labels or no tables.
        tensors: checked.
        start: the token that ends what labels hold for.
        kept: where in a row the labels' sum is kept where there are no tables.
    """

    def __init__(self, shape: Shape, tensors: Mapping[str, Array], start: int, kept: slice) -> None:
        self._front = slice(0, shape.embedding_size)
        self._own = None if is_tabled(shape) else own_embeddings(shape, tensors)
        self._stay = self._front if self._own is None else kept
        self._labels = {token: tensors["embedding.weight"][token] for token in shape.labels.values()}
        self._turns = frozenset((*self._labels, start) if self._labels else ())

    def alone(self, row: Array, token: int) -> None:
        """One token of one text."""
        if token in self._turns:
            self._turn(row[self._stay], token)
        if self._own is not None:
            front = row[self._front]
            front[:] = self._own[token]
            if self._labels:
                front += row[self._stay]

    def step(self, rows: Array, ids: Sequence[int]) -> None:
        """One token of each text."""
        if self._labels:
            for text, token in enumerate(ids):
                if token in self._turns:
                    self._turn(rows[text, self._stay], token)
        if self._own is not None:
            front = rows[:, self._front]
            front[:] = self._own[list(ids)]
            if self._labels:
                front += rows[:, self._stay]

    def read(self, rows: Array, tokens: Sequence[Sequence[int]], packed: Packed) -> Array:
        """[positions, embedding] for chunks of texts, whose rows' labels are taken along."""
        front = np.zeros((len(packed.at), self._front.stop), np.float32) if self._own is None else self._own[packed.at]
        if self._labels:
            starts = np.array([now.start for now in packed.times])
            for text, ids in enumerate(tokens):
                front[starts[: len(ids)] + text] += self._stays(rows[text, self._stay], ids)
        return front

    def _stays(self, stay: Array, ids: Sequence[int]) -> Array:
        """[tokens, embedding]: the labels' sum at each token of one text."""
        stays = np.empty((len(ids), len(stay)), np.float32)
        since = 0
        for place, token in enumerate(ids):
            if token in self._turns:
                stays[since:place] = stay
                self._turn(stay, token)
                since = place
        stays[since:] = stay
        return stays

    def _turn(self, stay: Array, token: int) -> None:
        """A label or a start, in place."""
        label = self._labels.get(token)
        if label is None:
            stay[:] = 0
        else:
            stay += label
