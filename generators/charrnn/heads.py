"""What stands behind a streaming char-RNN's layers: which features its output layer reads, and their running average.

A text's row of numbers begins with its features (of the input where that is not looked up in tables, and of every
layer), and a head's own state follows them at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from generators.charrnn.folding import Array, Shape, float32, is_tabled, own_embeddings
from generators.charrnn.outputs import distinct_rows, output_of
from generators.model import Logits


class Packed(NamedTuple):
    """Tokens of many texts, packed by time and within a time by text, the longest text first.

    Attributes:
        at: [positions], the token ids.
        times: the positions of each time.
        last: [texts], the position of each text's last token.
    """

    at: NDArray[np.intp]
    times: list[slice]
    last: NDArray[np.intp]


class Head(Protocol):
    """Makes logits of rows of numbers; `size` of them, behind the features, are its own."""

    size: int

    def begin(self, state: Array) -> None:
        """Fills in a head's numbers [size] before any token."""
        ...

    def alone(self, row: Array, /) -> Callable[[int], Logits]:
        """What makes logits [vocabulary] of the next token of the one text whose row this is, features and all."""
        ...

    def step(self, rows: Array, at: NDArray[np.intp], /) -> Logits:
        """[texts, vocabulary], after one token of each text."""
        ...

    def read(self, features: Array, rows: Array, packed: Packed, every: bool, /) -> Logits:
        """[positions, vocabulary], or [texts, vocabulary] after each text's last token where not every one counts.

        Args:
            features: [positions, features].
            rows: of the texts, whose head state is taken along.
            packed: what the positions are.
            every: whether logits after every token are wanted.
        """
        ...


def head_of(shape: Shape, tensors: Mapping[str, Array]) -> Head:
    """The head of checked tensors."""
    if shape.attention == "none":
        return LastLayer(shape, tensors)
    return LogitAverage(shape, tensors) if is_tabled(shape) else FeatureAverage(shape, tensors)


class LogitAverage:
    """Reads features and their average, projected to logits first: for characters those are fewer than features.

    Its product [features, 2 width + 1] gives direct logits, logits through the average, and the attention's score;
    its table [vocabulary, 2 width + 1] the same of each token's embedding, with the bias in the direct part. `width`
    counts distinct logits. The state is the average and the logarithm of the weights behind it.
    """

    def __init__(self, shape: Shape, tensors: Mapping[str, Array]) -> None:
        rows = np.concatenate((tensors["output.weight"], tensors["output.bias"][:, None]), axis=1)
        distinct, self.expand = distinct_rows(rows)
        direct, through, bias = np.split(distinct.astype(np.float64), (shape.features, 2 * shape.features), axis=1)
        product = np.concatenate((direct, through, tensors["attention.weight"])).T.astype(np.float64)
        split = shape.embedding_size
        self.width = len(distinct)
        table = own_embeddings(shape, tensors) @ product[:split]
        table[:, : self.width] += bias[:, 0]
        self.table = float32(table)
        self.product = float32(product if shape.labels else product[split:])
        self.size = self.width + 1
        self._features = len(self.product)
        self._average = slice(self._features, self._features + self.width)
        self._total = self._average.stop
        self._log_decay = math.log(shape.attention_decay)

    def begin(self, state: Array) -> None:
        state[:] = 0
        state[-1] = -np.inf  # no token has any weight yet

    def alone(self, row: Array) -> Callable[[int], Logits]:
        features, average, total = row[: self._features], row[self._average], row[self._total : self._total + 1]
        head = np.empty(2 * self.width + 1, np.float32)
        direct, through = head[: self.width], head[self.width : -1]
        share = np.empty((), np.float32)  # an array, which a scalar would be made into at every call

        def logits(token: int) -> Logits:
            np.dot(features, self.product, head)
            np.add(head, self.table[token], head)
            score, before = head.item(-1), total.item(0) + self._log_decay
            higher = max(score, before)
            both = higher + math.log(math.exp(score - higher) + math.exp(before - higher))
            total[0] = both
            np.subtract(through, average, through)
            share[()] = math.exp(score - both)
            np.multiply(through, share, through)
            np.add(average, through, average)
            return self._expanded(direct + average)

        return logits

    def step(self, rows: Array, at: NDArray[np.intp]) -> Logits:
        head: Array = rows[:, : self._features] @ self.product
        head += self.table[at]
        return self._expanded(self._attend(rows, head))

    def read(self, features: Array, rows: Array, packed: Packed, every: bool) -> Logits:
        head: Array = features @ self.product
        head += self.table[packed.at]
        logits = np.empty((len(head), self.width), np.float32)
        for now in packed.times:
            logits[now] = self._attend(rows[: now.stop - now.start], head[now])
        return self._expanded(logits if every else logits[packed.last])

    def _attend(self, rows: Array, head: Array) -> Array:
        """Takes the averages in rows [texts, …] a token further; [texts, width] logits."""
        average, total, score = rows[:, self._average], rows[:, self._total], head[:, -1]
        np.logaddexp(total + np.float32(self._log_decay), score, out=total)
        through = head[:, self.width : 2 * self.width]
        through -= average
        through *= np.exp(score - total)[:, None]
        average += through
        return head[:, : self.width] + average

    def _expanded(self, distinct: Array) -> Logits:
        return distinct if self.expand is None else distinct.take(self.expand, axis=-1)


class FeatureAverage:
    """Reads features and their average as they are: where the vocabulary is larger than they are many.

    The state is the average and the logarithm of the weights behind it.
    """

    def __init__(self, shape: Shape, tensors: Mapping[str, Array]) -> None:
        self._output = output_of(shape, tensors)
        self._score = float32(tensors["attention.weight"][0])
        self._features = shape.features
        self._average = slice(self._features, 2 * self._features)
        self._total = self._average.stop
        self.size = self._features + 1
        self._log_decay = np.float32(math.log(shape.attention_decay))

    def begin(self, state: Array) -> None:
        state[:] = 0
        state[-1] = -np.inf

    def alone(self, row: Array) -> Callable[[int], Logits]:
        features, read = row[: self._features], row[: self._average.stop]

        def logits(_: int) -> Logits:
            self._attend(row[None], features[None], (features @ self._score)[None])
            return self._output(read)

        return logits

    def step(self, rows: Array, _: NDArray[np.intp]) -> Logits:
        features = rows[:, : self._features]
        self._attend(rows, features, features @ self._score)
        return self._output(rows[:, : self._average.stop])

    def read(self, features: Array, rows: Array, packed: Packed, every: bool) -> Logits:
        scores = features @ self._score
        averages = np.empty((len(features) if every else 0, self._features), np.float32)
        for now in packed.times:
            texts = rows[: now.stop - now.start]
            self._attend(texts, features[now], scores[now])
            if every:
                averages[now] = texts[:, self._average]
        if every:
            return self._output(np.concatenate((features, averages), axis=1))
        return self._output(np.concatenate((features[packed.last], rows[:, self._average]), axis=1))

    def _attend(self, rows: Array, features: Array, scores: Array) -> None:
        """Takes the averages in rows [texts, …] a token further."""
        average, total = rows[:, self._average], rows[:, self._total]
        np.logaddexp(total + self._log_decay, scores, out=total)
        average += (features - average) * np.exp(scores - total)[:, None]


class LastLayer:
    """Reads the last layer's output and nothing else; it has no state."""

    size = 0

    def __init__(self, shape: Shape, tensors: Mapping[str, Array]) -> None:
        self._output = output_of(shape, tensors)
        front = shape.embedding_size if shape.labels or not is_tabled(shape) else 0
        end = front + sum(shape.hidden_sizes)
        self._last = slice(end - shape.hidden_sizes[-1], end)

    def begin(self, state: Array) -> None:
        """There is nothing to fill in."""

    def alone(self, row: Array) -> Callable[[int], Logits]:
        last = row[self._last]
        return lambda _: self._output(last)

    def step(self, rows: Array, _: NDArray[np.intp]) -> Logits:
        return self._output(rows[:, self._last])

    def read(self, features: Array, _: Array, packed: Packed, every: bool) -> Logits:
        return self._output((features if every else features[packed.last])[:, self._last])
