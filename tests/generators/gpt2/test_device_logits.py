"""Draws in torch beside those in NumPy."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from generators.completion import Event, Finished, Piece, Sampling, Unit
from generators.engine import Engine
from generators.errors import ModelFailed
from generators.filtering import Filtered, draw_filtered
from generators.gpt2.device_logits import TorchLogits
from generators.gpt2.writer import GPT2
from generators.sampling import Floats, log_softmax
from tests.generators.gpt2.conftest import opened
from tests.generators.gpt2.test_engine import engine, events_of, pieces_of

__all__ = ["engine"]

SHAKEN = (-1e-5, 0.0, 1e-5)  # of a uniform number or a top_p: what roundings may come to on a border
FINITE = st.floats(-30, 30, width=32)
LOGITS = st.integers(3, 70).flatmap(lambda size: arrays(np.float32, (3, size), elements=FINITE))
TIED = st.integers(3, 30).flatmap(lambda size: arrays(np.float32, (3, size), elements=st.sampled_from([0.0, 1.0, 3.0])))
ROW = st.builds(
    Filtered,
    sampling=st.builds(
        Sampling,
        top_k=st.sampled_from([0, 1, 3, 40]),
        top_p=st.sampled_from([0.01, 0.5, 0.9, 1.0]),
        repetition_penalty=st.sampled_from([0.8, 1.0, 1.1, 2.0]),
    ),
    temperature=st.sampled_from([0.0, 0.01, 0.2, 0.7, 1.0, 5.0]),
    recent=st.lists(st.integers(0, 2), max_size=5),
    uniform=st.floats(0, 1, exclude_max=True),
)


def in_numpy(scores: Floats, row: Filtered) -> set[int]:
    """The token that NumPy draws, and its neighbours where the draw is on a border."""
    tokens = set()
    for shift in SHAKEN:
        for more in SHAKEN if row.sampling.top_p < 1 else (0.0,):
            sampling = replace(row.sampling, top_p=row.sampling.top_p + more)
            shaken = row._replace(sampling=sampling, uniform=min(max(row.uniform + shift, 0), 1 - 1e-9))
            tokens.update(draw_filtered(scores[None].copy(), [shaken]).tolist())
    return tokens


NEARLY = np.array([[3.0, 0.0, np.nextafter(np.float32(3), np.float32(4))]] * 3, np.float32)


@example(NEARLY, [Filtered(Sampling(top_k=1), 5.0, [], 0.5)] * 3)  # apart as scores, level as float32 probabilities
@given(st.one_of(LOGITS, TIED), st.lists(ROW, min_size=3, max_size=3))
def test_draws(logits: Floats, rows: list[Filtered]) -> None:
    """Each text's token is the one that NumPy draws for it, with its log probability before any filter."""
    tokens, logprobs = TorchLogits(torch.from_numpy(logits)).drawn(rows, np.array([1]), 2, [0])

    for place, (token, logprob) in enumerate(zip(tokens, logprobs, strict=True)):
        scores = logits[place].copy()
        scores[[1, 2] if place == 0 else [1]] = -np.inf
        assert token in in_numpy(scores, rows[place])
        assert math.isclose(logprob, log_softmax(logits[place])[token], abs_tol=1e-4)


def test_broken_rows() -> None:
    """What cannot be drawn from has NaN for a log probability, and takes no other text with it."""
    logits = torch.zeros(4, 5)
    logits[0, 3], logits[1, 3], logits[2] = math.nan, math.inf, -math.inf
    rows = [Filtered(Sampling(top_k=2, top_p=0.9), 1.0, [], 0.5)] * 4

    tokens, logprobs = TorchLogits(logits).drawn(rows, np.array([], np.int64), 0, [])

    assert [math.isnan(logprob) for logprob in logprobs] == [True, True, True, False]
    assert all(0 <= token < 5 for token in tokens)


class Full:
    """Logits on a device that has no memory for anything but to fetch them."""

    device = SimpleNamespace(type="cuda")

    def __init__(self, logits: torch.Tensor) -> None:
        self._logits = logits

    @property
    def shape(self) -> torch.Size:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    def __getitem__(self, places: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    def cpu(self) -> torch.Tensor:
        return self._logits


def test_too_little_memory() -> None:
    """Where the device has no memory to draw in, or for some texts' rows, the processor's is used."""
    logits = torch.from_numpy(np.random.default_rng(0).normal(size=(7, 30)).astype(np.float32))
    rows = [Filtered(Sampling(top_k=9), 1.0, [place], place / 7) for place in range(7)]
    full = TorchLogits(Full(logits))  # type: ignore[arg-type]

    assert full.drawn(rows, np.array([4]), 3, [0, 5]) == TorchLogits(logits).drawn(rows, np.array([4]), 3, [0, 5])
    assert (np.stack(list(full[[2, 0]])) == logits[[2, 0]].numpy()).all()
    with pytest.raises(torch.OutOfMemoryError):
        full[2]


def test_indexing() -> None:
    """They are indexed and gone through as an array is: one text's come over, several stay."""
    numbers = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    there = TorchLogits(torch.from_numpy(numbers))

    assert len(there) == 4
    assert (there[2] == numbers[2]).all()
    assert (np.stack(list(there[1:3])) == numbers[1:3]).all()
    assert (np.stack(list(there[[3, 0]])) == numbers[[3, 0]]).all()


@pytest.fixture
async def elsewhere(directory: Path) -> AsyncIterator[Engine]:
    """An engine over a model that draws where it computes."""

    class Elsewhere(GPT2):
        draws = True

    model = opened(directory)
    model.__class__ = Elsewhere
    engine = Engine(model)
    yield engine
    engine.close()


def written(events: list[Event]) -> list[object]:
    """What the events say, but for the last digits of log probabilities."""
    return [
        event._replace(logprob=round(event.logprob, 3), alternatives=()) if isinstance(event, Piece) else event
        for event in events
        if isinstance(event, Piece | Finished)
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 4, "temperature": 0.7},
        {"n": 4, "top_k": 40, "top_p": 0.9, "repetition_penalty": 1.1, "stop": ["e"]},
        {"n": 2, "temperature": (1.0, 0.2), "logprobs": 3},
        {"unit": Unit.WORD, "logprobs": 3, "max_tokens": 4},
        {"unit": Unit.TOKEN, "logprobs": 5, "max_tokens": 6},
        {"unit": Unit.WORD, "after_unit": True, "max_tokens": 3},
    ],
)
async def test_texts(engine: Engine, elsewhere: Engine, fields: dict[str, object]) -> None:
    """A seed gives the text, its log probabilities and its alternatives, wherever they are drawn."""
    asked = {"prompt": "Once upon", "max_tokens": 40, **fields}

    here, there = await events_of(engine, **asked), await events_of(elsewhere, **asked)

    assert written(here) == written(there)
    for ours, theirs in zip(pieces_of(here), pieces_of(there), strict=True):
        assert [one.token_ids for one in ours.alternatives] == [one.token_ids for one in theirs.alternatives]


async def test_a_model_that_breaks(elsewhere: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose numbers break while a text is written ends that text in one sentence."""
    sound = GPT2._last

    def broken(model: GPT2, states: Any, tokens: Any) -> Any:
        logits, closes = sound(model, states, tokens)
        return (logits * math.nan if len(tokens[0]) == 1 else logits), closes

    monkeypatch.setattr(GPT2, "_last", broken)

    with pytest.raises(ModelFailed, match="NaN"):
        await events_of(elsewhere, prompt="Once upon", max_tokens=5, min_tokens=5)
