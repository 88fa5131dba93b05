"""Drawing tokens from logits: pure functions over rows, each row by itself.

A row is the logits after one text. No row's draw depends on another row, and none on when it happens: draw t of choice
i takes its uniform number from a counter-based generator keyed by seed and i, at counter t.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from itertools import accumulate
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Ids: TypeAlias = NDArray[np.int64]
Row: TypeAlias = Callable[[], Floats]  # one text's logits, fetched when they are asked for

BLOCK: Final = 256  # uniforms made at a time: making a generator costs 11 µs whatever it makes
COLD: Final = 1e-6  # temperature below which float32 cannot tell it from 0
RARE: Final = 1e-30  # sum of weights below which float32 leaves too little of what may be drawn beside what may not
SIZE: Final = 32  # of a group whose maximum is taken; at 50,257 tokens and n = 40 the least time
_NEVER: Final = np.float32(-np.inf)


class Uniforms:
    """The numbers in [0, 1) that decide a choice's draws; any of them can be asked for, in any order.

    Args:
        seed: of the request.
        stream: which of the request's choices.
    """

    __slots__ = ("_block", "_key", "_numbers")

    def __init__(self, seed: int, stream: int) -> None:
        self._key = np.array([seed, stream], dtype=np.uint64)
        self._block = -1
        self._numbers: list[float] = []

    def at(self, draw: int) -> float:
        """The number of this draw, from 0."""
        if draw // BLOCK != self._block:
            self._block = draw // BLOCK
            counter = self._block * BLOCK // 4  # Philox4x64 makes four numbers a count
            self._numbers = Generator(Philox(key=self._key, counter=counter)).random(BLOCK).tolist()
        return self._numbers[draw % BLOCK]


def log_normalisers(logits: Floats) -> Floats:
    """log Σ exp of each row; logits minus it are log probabilities."""
    most = logits.max(axis=-1, keepdims=True)
    shifted = logits - most
    total = np.log(np.exp(shifted, out=shifted).sum(axis=-1))
    total += most[..., 0]
    return cast(Floats, total)


def log_normaliser(logits: Floats, most: np.float32) -> np.float32:
    """That of one row whose largest logit is known."""
    shifted = logits - most
    return cast(np.float32, np.log(np.exp(shifted, out=shifted).sum()) + most)


def log_softmax(logits: Floats) -> Floats:
    """Log probabilities of each row."""
    shifted: Floats = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def ranked(logprobs: Floats, n: int | None) -> tuple[list[int], list[float]]:
    """The n likeliest of one row, the likeliest first, equal ones by id; None for all of them."""
    order = likeliest(logprobs, n)
    return order.tolist(), logprobs[order].tolist()


def likeliest(logprobs: Floats, n: int | None) -> Ids:
    """The ids of the n likeliest of one row, in the order of `ranked`."""
    if n is None or n >= len(logprobs):
        return np.argsort(-logprobs, kind="stable")
    if n < 1:
        return np.empty(0, np.int64)
    chosen = np.flatnonzero(logprobs >= _bound(logprobs, n))
    values = logprobs[chosen]
    if len(chosen) > n:
        above = values >= np.partition(values, len(values) - n)[len(values) - n]
        chosen, values = chosen[above], values[above]
    return chosen[np.argsort(-values, kind="stable")[:n]]


def _bound(logprobs: Floats, n: int) -> np.float32:
    """What the n-th largest is at least, found in a tenth of the time that it takes to find the n-th largest itself.

    The n-th largest of the groups' maxima is one of at least n numbers that are as large.
    """
    groups = len(logprobs) // SIZE
    if groups < 2 * n:
        return _NEVER
    most = (
        logprobs[: groups * SIZE].reshape(SIZE, groups).max(axis=0)
    )  # every so manieth: numbers side by side are fast
    return cast(np.float32, np.partition(most, groups - n)[groups - n])


def draw(scores: Floats, temperatures: NDArray[Any], uniforms: NDArray[np.float64]) -> Ids:
    """One token a row, by inverting the cumulated probabilities at the row's uniform number.

    Args:
        scores: float32 [rows, vocabulary]; -inf for what cannot be drawn, finite for one at least.
        temperatures: [rows], at least 0; 0 takes the likeliest, of equal ones the lowest id.
        uniforms: [rows], in [0, 1).
    """
    cold = temperatures < COLD
    any_cold = cold.any()
    if any_cold:
        if cold.all():
            return cast(Ids, scores.argmax(axis=1))
        temperatures = np.where(cold, 1.0, temperatures)
    shifted = scores - scores.max(axis=1, keepdims=True)  # before the division, so that 0.001 does not overflow
    shifted /= temperatures.astype(np.float32)[:, None]
    weights, of_tokens = _in_blocks(*scores.shape)
    np.exp(shifted, out=of_tokens)
    drawn, _ = _inverted(weights, uniforms)
    return np.where(cold, scores.argmax(axis=1), drawn) if any_cold else drawn


def draw_freely(
    logits: Floats,
    most: Floats,
    never: Ids,
    least: Ids,
    end: int,
    temperatures: NDArray[Any],
    uniforms: NDArray[np.float64],
) -> tuple[Ids, Floats]:
    """One token a row of texts without filters, and its log probability before any temperature.

    At temperature 1 the numbers that the probabilities are made of are those that are drawn from, so that exponentials
    are taken once.

    Args:
        logits: float32 [rows, vocabulary], finite where a token may be drawn.
        most: [rows], the largest logit of each.
        never: tokens that no row may draw.
        least: rows that may not draw the end.
        end: that token.
        temperatures, uniforms: as for `draw`.
    """
    shifted = logits - most[:, None]
    weights, of_tokens = _in_blocks(*logits.shape)
    np.exp(shifted, out=of_tokens)
    normalisers = np.log(of_tokens.sum(axis=1))
    cold = temperatures < COLD
    scaled = np.flatnonzero((temperatures != 1) & ~cold)
    if len(scaled):
        of_tokens[scaled] = np.exp(shifted[scaled] / temperatures[scaled].astype(np.float32)[:, None])
    of_tokens[:, never] = 0
    of_tokens[least, end] = 0
    tokens, totals = _inverted(weights, uniforms)
    unlikely = np.flatnonzero(cold | (totals < RARE))
    if len(unlikely):
        scores = logits[unlikely]
        scores[:, never] = _NEVER
        scores[np.isin(unlikely, least), end] = _NEVER
        tokens[unlikely] = draw(scores, temperatures[unlikely], uniforms[unlikely])
    logprobs: Floats = shifted[np.arange(len(tokens)), tokens] - normalisers
    return tokens, logprobs


def draw_freely_alone(
    logits: Floats, most: np.float32, never: Ids, endless: bool, end: int, temperature: float, uniform: float
) -> tuple[int, float]:
    """`draw_freely` for one row [vocabulary]: the same arithmetic, in a third of the time.

    Args:
        endless: whether it may not draw the end.
    """
    shifted = logits - most
    blocks, width = _blocks(len(logits))
    weights = np.zeros(blocks * width, np.float32)
    row = np.exp(shifted, weights[: len(logits)])
    normaliser = np.log(row.sum())
    if temperature != 1 and temperature >= COLD:
        np.exp(shifted / np.float32(temperature), out=row)
    row[never] = 0
    if endless:
        row[end] = 0
    token, total = _inverted_alone(weights.reshape(blocks, width), uniform)
    if temperature < COLD or total < RARE:
        scores = logits.copy()
        scores[never] = _NEVER
        if endless:
            scores[end] = _NEVER
        token = int(draw(scores[None], np.array([temperature]), np.array([uniform]))[0])
    return token, float(shifted[token] - normaliser)


def _blocks(size: int) -> tuple[int, int]:
    """How many blocks a row is looked at in, and the tokens of each: about √size."""
    width = 1 << max(4, (size.bit_length() + 1) // 2)
    return -(-size // width), width


def _in_blocks(rows: int, size: int) -> tuple[Floats, Floats]:
    """Room for weights [rows, blocks, width], and the part of it that is the tokens', [rows, size]; the rest is 0."""
    blocks, width = _blocks(size)
    flat = np.zeros((rows, blocks * width), np.float32)
    return flat.reshape(rows, blocks, width), flat[:, :size]


def _inverted(weights: Floats, uniforms: NDArray[np.float64]) -> tuple[Ids, NDArray[np.float64]]:
    """A place for each row, and the sum of its weights.

    Blocks of tokens are cumulated first, then the tokens of one block: a cumulated sum is the one operation here that
    no vector unit helps with, and over whole rows it costs more than everything else together.

    Args:
        weights: [rows, blocks, width], at least 0.
    """
    rows, _, width = weights.shape
    sums = weights @ _ones(width)
    cumulated = np.cumsum(sums, axis=1, dtype=np.float64)
    targets = uniforms * cumulated[:, -1]
    every = np.arange(rows)
    block_of = (cumulated > targets[:, None]).argmax(axis=1)
    before = np.where(block_of > 0, cumulated[every, block_of - 1], 0.0)
    inside = weights[every, block_of]
    reached = np.cumsum(inside, axis=1, dtype=np.float64) > (targets - before)[:, None]
    place_of = reached.argmax(axis=1)
    if not reached[:, -1].all():  # the block's sum was rounded up: its last token that has any weight is meant
        last = width - 1 - (inside[:, ::-1] > 0).argmax(axis=1)
        place_of = np.where(reached[:, -1], place_of, last)
    return block_of * width + place_of, cumulated[:, -1]


def _inverted_alone(weights: Floats, uniform: float) -> tuple[int, float]:
    """`_inverted` for one row [blocks, width]: the same arithmetic in fewer calls."""
    cumulated = list(accumulate(weights.dot(_ones(weights.shape[1])).tolist()))
    target = uniform * cumulated[-1]
    block = min(bisect_right(cumulated, target), len(cumulated) - 1)  # all of no weight: the caller sees it
    inside = weights[block]
    before = cumulated[block - 1] if block else 0.0
    place = bisect_right(list(accumulate(inside.tolist())), target - before)
    if place == len(inside):
        there = np.flatnonzero(inside)
        place = int(there[-1]) if len(there) else 0
    return block * len(inside) + place, cumulated[-1]


@cache
def _ones(width: int) -> Floats:
    return np.ones(width, np.float32)


def logprob_of_sum(logprobs: NDArray[Any]) -> float:
    """log Σ exp of log probabilities: that of either one happening; -inf where there is none."""
    if not len(logprobs):
        return -math.inf
    most = float(logprobs.max())
    if most == -math.inf:
        return most
    return most + math.log(float(np.exp(logprobs.astype(np.float64) - most).sum()))
