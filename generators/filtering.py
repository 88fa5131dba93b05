"""What top_k, top_p and the repetition penalty leave of a row of logits, and draws among that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from generators.completion import Sampling
from generators.sampling import COLD, Floats, Ids, likeliest

PENALISED: Final = 512  # tokens that the repetition penalty looks back on
HEADS: Final = (512, 4_096)  # tokens that top_p looks at first
FEW: Final = 1_024  # tokens of a vocabulary up to which sorting whole rows side by side is faster than each by itself
_NEVER: Final = np.float32(-np.inf)


class Filtered(NamedTuple):
    """A row that is to be drawn from through filters.

    Attributes:
        sampling: the filters.
        temperature: of this draw.
        recent: the text's token ids so far, for the penalty.
        uniform: in [0, 1).
    """

    sampling: Sampling
    temperature: float
    recent: Sequence[int]
    uniform: float


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
        left = np.sort(likeliest(scores, sampling.top_k))
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
        order = likeliest(scores, n)  # rarely more than the head: sorting 50,257 tokens costs 4 ms
        cumulated = np.cumsum(np.exp((scores[order].astype(np.float64) - most) / temperature))
        if cumulated[-1] >= top_p * total:
            break
    return order[: int(np.searchsorted(cumulated, top_p * total)) + 1]


def draw_one(scores: Floats, temperature: float, uniform: float) -> int:
    """A place among a few tokens of one text, by the same inversion as `draw`."""
    if temperature < COLD:
        return int(scores.argmax())
    weights = np.exp((scores.astype(np.float64) - scores.max()) / temperature)
    cumulated = np.cumsum(weights)
    place = int(cumulated.searchsorted(uniform * cumulated[-1], "right"))
    return place if place < len(weights) else int(np.flatnonzero(weights)[-1])


def draw_filtered(scores: Floats, rows: Sequence[Filtered]) -> Ids:
    """One token a row, through its filters; the same whether it is drawn alone or among others.

    Args:
        scores: float32 [rows, vocabulary], -inf for what cannot be drawn; used up.
    """
    if len(rows) == 1 or scores.shape[1] > FEW:
        return np.array([_drawn(one, row) for one, row in zip(scores, rows, strict=True)])
    for place, row in enumerate(rows):
        if row.sampling.repetition_penalty != 1 and row.recent:
            scores[place] = penalised(scores[place], row.recent[-PENALISED:], row.sampling.repetition_penalty)
    tokens, sure = _drawn_together(scores, rows)
    for place in np.flatnonzero(~sure).tolist():
        tokens[place] = _drawn_unpenalised(scores[place], rows[place])
    return tokens


def _drawn(scores: Floats, row: Filtered) -> int:
    ids, few = remaining(scores, row.sampling, row.temperature, row.recent)
    return int(ids[draw_one(few, row.temperature, row.uniform)])


def _drawn_unpenalised(scores: Floats, row: Filtered) -> int:
    return _drawn(scores, row._replace(recent=()))


def _drawn_together(scores: Floats, rows: Sequence[Filtered]) -> tuple[Ids, NDArray[np.bool_]]:
    """The arithmetic of `_drawn` for many rows side by side.

    Filters are bounds here, found by sorting values without their ids. Where several tokens lie on a bound, or a
    temperature is 0, the row is not sure.
    """
    every, size = np.arange(len(rows)), scores.shape[1]
    temperatures = np.array([row.temperature for row in rows])
    sure = temperatures >= COLD
    temperatures = np.where(sure, temperatures, 1.0)
    top_k = np.array([row.sampling.top_k or size for row in rows])
    if (top_k < size).any():
        bounds = np.sort(scores, axis=1)[every, np.maximum(size - top_k, 0)]
        scores = np.where(scores >= bounds[:, None], scores, _NEVER)
        sure &= (scores > _NEVER).sum(axis=1) <= top_k
    most = scores.max(axis=1, keepdims=True)
    weights = np.exp((scores.astype(np.float64) - most) / temperatures[:, None])
    top_p = np.array([row.sampling.top_p for row in rows])
    if (top_p < 1).any():
        totals = np.exp((scores - most) / temperatures.astype(np.float32)[:, None]).sum(axis=1, dtype=np.float64)
        ordered = np.sort(weights, axis=1)[:, ::-1]
        kept = np.minimum((np.cumsum(ordered, axis=1) < (top_p * totals)[:, None]).sum(axis=1) + 1, size)
        bounds = np.where(top_p < 1, ordered[every, kept - 1], 0.0)
        weights[weights < bounds[:, None]] = 0
        sure &= (top_p == 1) | ((bounds > 0) & ((weights > 0).sum(axis=1) <= kept))
    cumulated = np.cumsum(weights, axis=1)
    reached = cumulated > (np.array([row.uniform for row in rows]) * cumulated[:, -1])[:, None]
    sure &= reached[:, -1]
    tokens: Ids = reached.argmax(axis=1)
    return tokens, sure
