"""Drawing tokens from logits: pure functions over rows, each row by itself.

A row is the logits after one text. No row's draw depends on another row, and none on when it happens: draw t of choice
i takes its uniform number from a counter-based generator keyed by seed and i, at counter t.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, TypeAlias, cast

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray

from generators.completion import Sampling

Floats: TypeAlias = NDArray[np.float32]
Ids: TypeAlias = NDArray[np.int64]

BLOCK: Final = 256  # uniforms made at a time: making a generator costs 11 µs whatever it makes
COLD: Final = 1e-6  # temperature below which float32 cannot tell it from 0
PENALISED: Final = 512  # tokens that the repetition penalty looks back on
HEADS: Final = (512, 4_096)  # tokens that top_p looks at first
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
    total = np.log(np.exp(logits - most).sum(axis=-1))
    total += most[..., 0]
    return cast(Floats, total)


def log_softmax(logits: Floats) -> Floats:
    """Log probabilities of each row."""
    shifted: Floats = logits - logits.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def ranked(logprobs: Floats, n: int | None) -> tuple[list[int], list[float]]:
    """The n likeliest of one row, the likeliest first, equal ones by id; None for all of them."""
    order = _order(logprobs, n)
    return order.tolist(), logprobs[order].tolist()


def _order(logprobs: Floats, n: int | None) -> Ids:
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

    Blocks of tokens are cumulated first, then the tokens of one block: a cumulated sum is the one operation here that
    no vector unit helps with, and over whole rows it costs more than everything else together.

    Args:
        scores: float32 [rows, vocabulary]; -inf for what cannot be drawn, finite for one at least.
        temperatures: [rows], at least 0; 0 takes the likeliest, of equal ones the lowest id.
        uniforms: [rows], in [0, 1).
    """
    rows, size = scores.shape
    cold = temperatures < COLD
    any_cold = cold.any()
    if any_cold:
        if cold.all():
            return cast(Ids, scores.argmax(axis=1))
        temperatures = np.where(cold, 1.0, temperatures)
    width = 1 << max(4, (size.bit_length() + 1) // 2)  # about √size
    blocks = -(-size // width)
    shifted = scores - scores.max(axis=1, keepdims=True)  # before the division, so that 0.001 does not overflow
    shifted /= temperatures.astype(np.float32)[:, None]
    weights = np.zeros((rows, blocks * width), np.float32)
    np.exp(shifted, out=weights[:, :size])
    weights = weights.reshape(rows, blocks, width)
    cumulated = np.cumsum(weights @ np.ones(width, np.float32), axis=1, dtype=np.float64)
    targets = uniforms * cumulated[:, -1]
    if rows == 1:
        return _drawn_alone(weights[0], cumulated[0], targets[0])
    every = np.arange(rows)
    block_of = (cumulated > targets[:, None]).argmax(axis=1)
    before = np.where(block_of > 0, cumulated[every, block_of - 1], 0.0)
    inside = weights[every, block_of]
    reached = np.cumsum(inside, axis=1, dtype=np.float64) > (targets - before)[:, None]
    place_of = reached.argmax(axis=1)
    if not reached[:, -1].all():  # the block's sum was rounded up: its last token that has any weight is meant
        last = width - 1 - (inside[:, ::-1] > 0).argmax(axis=1)
        place_of = np.where(reached[:, -1], place_of, last)
    drawn: Ids = block_of * width + place_of
    return np.where(cold, scores.argmax(axis=1), drawn) if any_cold else drawn


def _drawn_alone(weights: Floats, cumulated: NDArray[np.float64], target: np.float64) -> Ids:
    """The end of `draw` for one row: the same arithmetic in a third of the calls."""
    block = int(cumulated.searchsorted(target, "right"))
    inside = weights[block]
    before = cumulated[block - 1] if block else 0.0
    place = int(np.cumsum(inside, dtype=np.float64).searchsorted(target - before, "right"))
    if place == len(inside):
        place = int(np.flatnonzero(inside)[-1])
    return np.array([block * len(inside) + place])


def draw_one(scores: Floats, temperature: float, uniform: float) -> int:
    """A place among a few tokens of one text, by the same inversion as `draw`."""
    if temperature < COLD:
        return int(scores.argmax())
    weights = np.exp((scores.astype(np.float64) - scores.max()) / temperature)
    cumulated = np.cumsum(weights)
    place = int(cumulated.searchsorted(uniform * cumulated[-1], "right"))
    return place if place < len(weights) else int(np.flatnonzero(weights)[-1])


def is_filtered(sampling: Sampling) -> bool:
    """Whether `remaining` leaves anything out, so that rows without filters can skip it."""
    return bool(sampling.top_k) or sampling.top_p < 1 or sampling.repetition_penalty != 1


def remaining(scores: Floats, sampling: Sampling, temperature: float, recent: Sequence[int]) -> tuple[Ids, Floats]:
    """The tokens that the filters leave, by id, and their scores; in the order of transformers: penalty, top_k, top_p.

    Args:
        scores: float32 [vocabulary]; not changed.
        sampling: the filters.
        temperature: of this draw; the probabilities that top_p adds up are those at this temperature.
        recent: the text's token ids so far, for the penalty.
    """
    if sampling.repetition_penalty != 1 and recent:
        scores = penalised(scores, recent[-PENALISED:], sampling.repetition_penalty)
    left = None
    if 0 < sampling.top_k < len(scores):
        left = np.sort(_order(scores, sampling.top_k))
        scores = scores[left]
    if sampling.top_p < 1:
        nucleus = np.sort(_nucleus(scores, sampling.top_p, temperature))
        left = nucleus if left is None else left[nucleus]
        scores = scores[nucleus]
    return np.arange(len(scores)) if left is None else left, scores


def penalised(scores: Floats, recent: Sequence[int], penalty: float) -> Floats:
    """Scores of recent tokens divided by the penalty where positive, multiplied where negative."""
    ids = np.unique(np.asarray(recent, dtype=np.int64))
    changed = scores.copy()
    chosen = changed[ids]
    changed[ids] = np.where(chosen > 0, chosen / np.float32(penalty), chosen * np.float32(penalty))
    return changed


def _nucleus(scores: Floats, top_p: float, temperature: float) -> Ids:
    """The likeliest tokens that together reach `top_p`; at least one."""
    if temperature < COLD:
        return np.array([scores.argmax()])
    most = scores.max()
    total = np.exp((scores - most) / np.float32(temperature)).sum(dtype=np.float64)
    for n in (*HEADS, len(scores)):
        order = _order(scores, n)  # rarely more than the head: sorting 50,257 tokens costs 4 ms
        cumulated = np.cumsum(np.exp((scores[order].astype(np.float64) - most) / temperature))
        if cumulated[-1] >= top_p * total:
            break
    return order[: int(np.searchsorted(cumulated, top_p * total)) + 1]


def logprob_of_sum(logprobs: NDArray[Any]) -> float:
    """log Σ exp of log probabilities: that of either one happening; -inf where there is none."""
    if not len(logprobs):
        return -math.inf
    most = float(logprobs.max())
    if most == -math.inf:
        return most
    return most + math.log(float(np.exp(logprobs.astype(np.float64) - most).sum()))
