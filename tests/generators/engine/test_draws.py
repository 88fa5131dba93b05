"""Draws: temperatures in turns, penalties, and large vocabularies."""

from __future__ import annotations

import numpy as np
import pytest

from generators.completion import Piece
from generators.engine import Engine, draws
from generators.engine.draws import drawn
from generators.engine.texts import Text
from generators.engine.tokens import TokenTable
from tests.fakes.models import tiny
from tests.generators.engine.asking import ids_of, read
from tests.generators.engine.readers import Reader


async def test_temperatures_take_turns(engine: Engine) -> None:
    """With a cycle of 0 and 5, every second token is the likeliest."""
    events = await read(engine, temperature=(0.0, 5.0), logprobs=1, max_tokens=40, min_tokens=0)

    pieces = [event for event in events if isinstance(event, Piece)]
    likeliest = [piece.token_ids == piece.alternatives[0].token_ids for piece in pieces]
    assert all(likeliest[::2])
    assert not all(likeliest[1::2])


async def test_a_repetition_penalty(engine: Engine) -> None:
    """A penalty makes the likeliest text repeat itself less."""
    plain = ids_of(await read(engine, temperature=0.0, max_tokens=80, min_tokens=80))

    penalised = ids_of(await read(engine, temperature=0.0, max_tokens=80, min_tokens=80, repetition_penalty=2.0))

    assert len(set(penalised)) > len(set(plain))


def test_large_vocabularies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of a large vocabulary are drawn for one by one, and come to what they come to side by side."""
    model = tiny()
    table = TokenTable(model.vocabulary)
    asked = [{"top_k": 5}, {}, {"top_p": 0.8, "repetition_penalty": 1.3}, {"temperature": 0.0, "top_k": 3}]
    texts = [Text(Reader(model, **fields).order, 0, None, table) for fields in asked]
    logits = np.random.default_rng(0).normal(size=(len(texts), model.vocabulary.size)).astype(np.float32)
    together = drawn(texts, logits, logits.max(axis=1), table)

    monkeypatch.setattr(draws, "WIDE", 2)
    alone = drawn(texts, logits, logits.max(axis=1), table)

    assert alone == together
