"""What filters leave, and draws among it."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from generators.completion import Sampling
from generators.filtering import Filtered, draw_filtered, draw_one, is_filtered, remaining
from generators.sampling import Floats, ranked

FINITE = st.floats(-30, 30, width=32)
ROWS = st.integers(2, 70).flatmap(lambda size: arrays(np.float32, (5, size), elements=FINITE))
TIED = st.integers(2, 30).flatmap(lambda size: arrays(np.float32, (5, size), elements=st.sampled_from([0.0, 1.0, 3.0])))
UNIFORMS = st.lists(st.floats(0, 1, exclude_max=True), min_size=5, max_size=5).map(np.array)
TEMPERATURES = st.lists(st.sampled_from([0.0, 0.001, 0.2, 0.7, 1.0, 5.0]), min_size=5, max_size=5).map(np.array)
SAMPLINGS = st.lists(
    st.builds(
        Sampling,
        top_k=st.sampled_from([0, 1, 3, 40]),
        top_p=st.sampled_from([0.01, 0.5, 0.9, 1.0]),
        repetition_penalty=st.sampled_from([1.0, 1.1, 2.0]),
    ),
    min_size=5,
    max_size=5,
)


def filtered(scores: Floats, sampling: Sampling, temperature: float, recent: list[int]) -> Floats:
    """A row with -inf where a filter forbids."""
    ids, left = remaining(scores, sampling, temperature, recent)
    row = np.full_like(scores, -np.inf)
    row[ids] = left
    return row


@given(ROWS, TEMPERATURES, UNIFORMS)
def test_draw_among_a_few(logits: Floats, temperatures: np.ndarray[Any, Any], uniforms: np.ndarray[Any, Any]) -> None:
    """One text's draw among the tokens that filters leave is the draw among all tokens, the others forbidden."""
    for row, temperature, uniform in zip(logits, temperatures, uniforms, strict=True):
        token = draw_one(row, temperature, uniform)

        if temperature == 0:
            assert token == row.argmax()
            continue
        weights = np.exp((row.astype(np.float64) - row.max()) / temperature)
        cumulated = np.cumsum(weights) / weights.sum()
        assert (cumulated[token - 1] if token else 0) <= uniform + 1e-9
        assert uniform <= cumulated[token] + 1e-9


@given(arrays(np.float32, 40, elements=FINITE, unique=True), st.integers(1, 50))
def test_top_k(scores: Floats, k: int) -> None:
    """Only the k likeliest can still be drawn, as likely beside each other as before."""
    cut = filtered(scores, Sampling(top_k=k), 1.0, [])

    kept = np.flatnonzero(cut > -np.inf)
    assert set(kept.tolist()) == set(ranked(scores, k)[0])
    assert (cut[kept] == scores[kept]).all()


@given(arrays(np.float32, 40, elements=FINITE, unique=True), st.floats(0.01, 0.99), st.sampled_from([0.0, 0.5, 1.0]))
def test_top_p(scores: Floats, top_p: float, temperature: float) -> None:
    """What is left reaches top_p, and would not without its last token."""
    cut = filtered(scores, Sampling(top_p=top_p), temperature, [])

    kept = [token for token in ranked(scores, None)[0] if cut[token] > -np.inf]
    assert kept == ranked(scores, len(kept))[0]
    if temperature == 0:
        assert len(kept) == 1
    else:
        weights = np.exp((scores.astype(np.float64) - scores.max()) / temperature)
        weights /= weights.sum()
        assert weights[kept].sum() >= top_p - 1e-9
        assert weights[kept[:-1]].sum() < top_p + 1e-9


def test_top_p_at_tiny_temperatures() -> None:
    """A temperature that float32 cannot tell from 0 leaves the likeliest token, without a warning."""
    scores = np.array([1.0, 3.0, 2.0], np.float32)

    with np.errstate(all="raise"):
        cut = filtered(scores, Sampling(top_p=0.5), 1e-50, [])

    assert np.flatnonzero(cut > -np.inf).tolist() == [1]


def test_repetition_penalty() -> None:
    """Recent tokens' positive scores are divided and negative ones multiplied; once, however often they stand there."""
    scores = np.array([2.0, -2.0, 3.0, 0.0], np.float32)

    penalised = filtered(scores, Sampling(repetition_penalty=2.0), 1.0, [0, 1, 1, 3])

    assert penalised.tolist() == [1.0, -4.0, 3.0, 0.0]
    assert scores.tolist() == [2.0, -2.0, 3.0, 0.0]


def test_penalty_forgets() -> None:
    """Tokens further back than 512 are not penalised."""
    scores = np.array([2.0, 2.0], np.float32)

    assert filtered(scores, Sampling(repetition_penalty=2.0), 1.0, [0] + [1] * 512).tolist() == [2.0, 1.0]


def test_filters_are_named() -> None:
    """A plain temperature needs no filter."""
    assert not is_filtered(Sampling(temperature=(0.3,)))
    assert all(map(is_filtered, (Sampling(top_k=3), Sampling(top_p=0.5), Sampling(repetition_penalty=1.1))))


@given(ROWS | TIED, SAMPLINGS, TEMPERATURES, UNIFORMS)
def test_rows_do_not_know_each_other(
    scores: Floats,
    samplings: list[Sampling],
    temperatures: np.ndarray[Any, Any],
    uniforms: np.ndarray[Any, Any],
) -> None:
    """A row draws bit for bit the same through its filters alone and among others."""
    scores[:, 0] = -np.inf
    rows = [
        Filtered(sampling, float(temperature), [1, 1], float(uniform))
        for sampling, temperature, uniform in zip(samplings, temperatures, uniforms, strict=True)
    ]

    together = draw_filtered(scores.copy(), rows).tolist()

    alone = [draw_filtered(scores[place : place + 1].copy(), [row]).tolist()[0] for place, row in enumerate(rows)]
    assert together == alone
