"""What makes logits of what an output layer reads, in NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from generators.charrnn.folding import Array, Shape, float32
from generators.model import Logits

SORTED_ROWS: Final = 4096  # of an output layer, among which equal ones are looked for; sorting more costs seconds


class Output(Protocol):
    def __call__(self, read: Array) -> Logits:
        """Logits [..., vocabulary] of what is read [..., width]."""
        ...


class Dense:
    """One layer.

    Args:
        weight: [vocabulary, width].
        bias: [vocabulary].
    """

    def __init__(self, weight: Array, bias: Array) -> None:
        rows, self._expand = distinct_rows(np.concatenate((weight, bias[:, None]), axis=1))
        self._product = float32(rows[:, :-1].T)
        self._bias = float32(rows[:, -1])

    def __call__(self, read: Array) -> Logits:
        logits: Logits = read @ self._product
        logits += self._bias
        return logits if self._expand is None else logits.take(self._expand, axis=-1)


class Adaptive:
    """Adaptive softmax: log probabilities, of clusters in the head and of tokens within each cluster.

    Args:
        shape: with cutoffs.
        tensors: `output.*` of torch's layer.
    """

    def __init__(self, shape: Shape, tensors: Mapping[str, Array]) -> None:
        ends = (*shape.adaptive_cutoffs, shape.vocab_size)
        self._size = shape.vocab_size
        self._clusters = [slice(start, end) for start, end in pairwise(ends)]
        self._shortlist = shape.adaptive_cutoffs[0]
        head = tensors["output.head.weight"]
        into = [tensors[f"output.tail.{cluster}.0.weight"] for cluster in range(len(self._clusters))]
        self._product = float32(np.concatenate((head, *into)).T)  # all that reads the features is one product
        self._tails = [float32(tensors[f"output.tail.{cluster}.1.weight"].T) for cluster in range(len(self._clusters))]
        places = np.cumsum((len(head), *map(len, into))).tolist()
        self._head = slice(0, places[0])
        self._into = [slice(start, end) for start, end in pairwise(places)]

    def __call__(self, read: Array) -> Logits:
        products: Array = read @ self._product
        head = _normalised(products[..., self._head])
        logits = np.empty((*read.shape[:-1], self._size), np.float32)
        logits[..., : self._shortlist] = head[..., : self._shortlist]
        for cluster, (tokens, into) in enumerate(zip(self._clusters, self._into, strict=True)):
            of_tokens: Array = products[..., into] @ self._tails[cluster]
            place = self._shortlist + cluster
            np.add(_normalised(of_tokens), head[..., place : place + 1], out=logits[..., tokens])
        return logits


def output_of(shape: Shape, tensors: Mapping[str, Array]) -> Output:
    """The output layer of checked tensors."""
    if shape.adaptive_cutoffs:
        return Adaptive(shape, tensors)
    return Dense(tensors["output.weight"], tensors["output.bias"])


def distinct_rows(rows: Array) -> tuple[Array, NDArray[np.intp] | None]:
    """Rows that differ, and each row's place among them; None where all do.

    Bytes that training never saw share their weights, and are computed once.
    """
    if len(rows) > SORTED_ROWS:
        return rows, None
    distinct, places = np.unique(rows, axis=0, return_inverse=True)
    return (distinct, places.reshape(-1)) if len(distinct) < len(rows) else (rows, None)


def _normalised(logits: Array) -> Array:
    """Log probabilities, in place."""
    logits -= logits.max(axis=-1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    return logits
