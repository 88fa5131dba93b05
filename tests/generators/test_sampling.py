"""Draws from logits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from generators.sampling import (
    Floats,
    Uniforms,
    draw,
    draw_freely,
    draw_freely_alone,
    log_normalisers,
    log_softmax,
    logprob_of_sum,
    ranked,
)

FINITE = st.floats(-30, 30, width=32)
ROWS = st.integers(2, 70).flatmap(lambda size: arrays(np.float32, (5, size), elements=FINITE))
UNIFORMS = st.lists(st.floats(0, 1, exclude_max=True), min_size=5, max_size=5).map(np.array)
TEMPERATURES = st.lists(st.sampled_from([0.0, 0.001, 0.2, 0.7, 1.0, 5.0]), min_size=5, max_size=5).map(np.array)


def random_rows(rows: int, size: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(0, 3, (rows, size)).astype(np.float32)


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**40), st.lists(st.integers(0, 3000), min_size=1, max_size=30))
def test_uniforms_at_random(seed: int, stream: int, draws: list[int]) -> None:
    """A draw's number is the same in whatever order the draws are asked for."""
    generator = np.random.Generator(np.random.Philox(key=np.array([seed, stream], dtype=np.uint64)))
    in_order = generator.random(3001).tolist()

    uniforms = Uniforms(seed, stream)

    assert [uniforms.at(place) for place in draws] == [in_order[place] for place in draws]


def test_streams_differ() -> None:
    """Choices of one seed, and seeds, have numbers of their own."""
    numbers = {Uniforms(seed, stream).at(0) for seed in range(20) for stream in range(20)}

    assert len(numbers) == 400


@given(ROWS, TEMPERATURES, UNIFORMS)
def test_draw_inverts_the_cumulated_probabilities(
    logits: Floats, temperatures: np.ndarray[Any, Any], uniforms: np.ndarray[Any, Any]
) -> None:
    """A drawn token's share of the cumulated probabilities holds the row's number."""
    drawn = draw(logits, temperatures, uniforms)

    for row, temperature, uniform, token in zip(logits, temperatures, uniforms, drawn, strict=True):
        if temperature == 0:
            assert token == row.argmax()
        else:
            weights = np.exp((row.astype(np.float64) - row.max()) / temperature)
            cumulated = np.cumsum(weights) / weights.sum()
            assert (cumulated[token - 1] if token else 0) <= uniform + 2e-5
            assert uniform <= cumulated[token] + 2e-5


@given(ROWS, TEMPERATURES, UNIFORMS, st.sets(st.integers(0, 4)))
def test_free_draws_are_draws(
    logits: Floats, temperatures: np.ndarray[Any, Any], uniforms: np.ndarray[Any, Any], least: set[int]
) -> None:
    """A draw without filters inverts the same probabilities among what may be drawn, and knows its token's logprob."""
    never, end = np.array([0]), 1
    rows = np.array(sorted(least), np.int64)
    scores = np.insert(logits, 0, 40, axis=1)  # the likeliest token may never be drawn
    masked = scores.copy()
    masked[:, never] = masked[rows, end] = -np.inf

    tokens, logprobs = draw_freely(scores, scores.max(axis=1), never, rows, end, temperatures, uniforms)

    alone = [
        draw_freely_alone(
            scores[i], scores[i].max(), never, i in least, end, float(temperatures[i]), float(uniforms[i])
        )
        for i in range(5)
    ]
    assert alone == list(zip(tokens.tolist(), logprobs.tolist(), strict=True))
    for row, temperature, uniform, token in zip(masked, temperatures, uniforms, tokens, strict=True):
        if temperature == 0:
            assert token == row.argmax()
            continue
        weights = np.exp((row.astype(np.float64) - row.max()) / temperature)
        cumulated = np.cumsum(weights) / weights.sum()
        assert (cumulated[token - 1] if token else 0) <= uniform + 2e-5
        assert weights[token] > 0
        assert uniform <= cumulated[token] + 2e-5
    assert np.allclose(logprobs, log_softmax(scores)[np.arange(5), tokens], atol=1e-5)


@given(ROWS, TEMPERATURES, UNIFORMS)
def test_rows_do_not_know_each_other(
    logits: Floats, temperatures: np.ndarray[Any, Any], uniforms: np.ndarray[Any, Any]
) -> None:
    """A row draws bit for bit the same alone, among others, and in another place."""
    together = draw(logits, temperatures, uniforms)

    alone = [draw(logits[i : i + 1], temperatures[i : i + 1], uniforms[i : i + 1])[0] for i in range(5)]
    turned = draw(logits[::-1].copy(), temperatures[::-1], uniforms[::-1])[::-1]

    assert together.tolist() == alone == turned.tolist()
    assert all(log_normalisers(logits)[i] == log_normalisers(logits[i : i + 1])[0] for i in range(5))


@pytest.mark.parametrize("size", [3, 260, 465, 50_257])
@pytest.mark.parametrize("uniform", [0.0, 0.5, 1 - 2**-53])
def test_what_is_forbidden_is_never_drawn(size: int, uniform: float) -> None:
    """Not even the smallest and the largest number draws a token of -inf."""
    scores = random_rows(4, size)
    scores[:, ::2] = -np.inf

    drawn = draw(scores, np.array([0.0, 0.001, 1.0, 5.0]), np.full(4, uniform))

    assert (drawn % 2 == 1).all()


def test_tiny_temperatures_do_not_overflow() -> None:
    """At 0.001 the likeliest token is drawn, without a warning about numbers that are too large."""
    logits = np.array([[1000.0, -1000.0, 999.0]], np.float32)

    with np.errstate(all="raise", under="ignore"):
        drawn = draw(logits, np.array([0.001]), np.array([0.999]))

    assert drawn.tolist() == [0]


def test_equal_tokens_at_zero() -> None:
    """Of equally likely tokens temperature 0 takes the lowest id."""
    logits = np.array([[0.0, 2.0, 2.0, 1.0]], np.float32)

    assert draw(logits, np.array([0.0]), np.array([0.9])).tolist() == [1]


def test_frequencies() -> None:
    """Tokens come as often as their probability says."""
    logits = random_rows(1, 300)
    probabilities = np.exp(log_softmax(logits * np.float32(1 / 0.7)))[0]
    uniforms = Uniforms(1, 0)
    numbers = np.array([uniforms.at(place) for place in range(20_000)])

    drawn = draw(np.repeat(logits, len(numbers), axis=0), np.full(len(numbers), 0.7), numbers)

    counts = np.bincount(drawn, minlength=300) / len(numbers)
    assert np.abs(counts - probabilities).max() < 0.012  # about four standard deviations of the likeliest


@given(arrays(np.float32, st.integers(1, 60), elements=st.sampled_from([0.0, 1.0, 1.5, -2.0, 3.0])), st.integers(0, 70))
def test_ranked(logits: Floats, n: int) -> None:
    """The n likeliest come in order, equal ones by id."""
    ids, values = ranked(logits, n)

    expected = sorted(range(len(logits)), key=lambda token: (-logits[token], token))[:n]
    assert ids == expected
    assert values == [logits[token] for token in expected]


@pytest.mark.parametrize("size", [700, 4_097, 50_257])
@pytest.mark.parametrize("n", [1, 10, 40, 300])
def test_ranked_among_many(size: int, n: int) -> None:
    """The n likeliest of a long row are those that sorting all of it finds, also where many are equal or forbidden."""
    rows = random_rows(3, size).round(1)
    rows[1, ::3] = -np.inf
    rows[2] = -np.inf
    rows[2, 5] = 1

    for row in rows:
        assert ranked(row, n)[0] == np.argsort(-row, kind="stable")[:n].tolist()


def test_ranking_everything() -> None:
    """Without a number the whole row comes, and its probabilities sum to 1."""
    ids, logprobs = ranked(log_softmax(random_rows(1, 465)[0]), None)

    assert sorted(ids) == list(range(465))
    assert math.isclose(math.fsum(map(math.exp, logprobs)), 1, abs_tol=1e-5)


@given(st.lists(st.floats(-700, 0), max_size=20))
def test_logprob_of_sum(logprobs: list[float]) -> None:
    """Probabilities add up, and nothing at all has log probability -inf."""
    total = logprob_of_sum(np.array(logprobs))

    assert math.isclose(math.exp(total), math.fsum(map(math.exp, logprobs)), rel_tol=1e-9, abs_tol=1e-300)
