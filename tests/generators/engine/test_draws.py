"""Draws: temperatures in turns, and penalties."""

from __future__ import annotations

from generators.completion import Piece
from generators.engine import Engine
from tests.generators.engine.asking import ids_of, read


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
