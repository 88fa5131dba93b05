"""Alternatives that are looked for beside others, and along a text."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from generators.candidates import candidates
from generators.completion import Finished, Piece, Unit
from generators.engine import Engine
from generators.scripted import Script
from tests.generators.engine.asking import read


async def test_many_searches_at_once(engine: Engine) -> None:
    """Ballots beside each other find what each would find alone."""
    prompts = [f"Once{'x' * place}" for place in range(12)]
    model: Any = engine_as_generator(engine)
    alone = [await candidates(model, model="tiny", prompt=prompt, n=3, seed=1) for prompt in prompts]

    together = await asyncio.gather(
        *(candidates(model, model="tiny", prompt=prompt, n=3, seed=1) for prompt in prompts)
    )

    for one, other in zip(alone, together, strict=True):
        assert [each.text for each in one.alternatives] == [each.text for each in other.alternatives]
        assert [each.logprob for each in one.alternatives] == pytest.approx(
            [each.logprob for each in other.alternatives], abs=1e-4
        )


def engine_as_generator(engine: Engine) -> Any:
    """What `candidates` needs of a generator is the verb, and an engine has it."""
    return engine


async def test_scripts_are_followed() -> None:
    """A chain that has learnt one text by heart writes it, in tokens as in words."""
    text = "Once upon a time… the end."
    engine = Engine(Script(texts=(text,), smoothing=0.0).model())
    tokens = await read(engine, prompt="", max_tokens=100, min_tokens=0)
    words = await read(engine, prompt="", max_tokens=100, min_tokens=0, unit=Unit.WORD, logprobs=2)
    engine.close()

    assert "".join([event.text for event in tokens if isinstance(event, Piece)]) == text
    pieces = [event for event in words if isinstance(event, Piece)]
    assert [piece.text for piece in pieces] == ["Once", " upon", " a", " time", "…", " the", " end", ".", ""]
    assert pieces[-1].alternatives[0].end
    assert all(piece.alternatives[0].text == piece.text for piece in pieces)
    assert all(piece.exact for piece in pieces)
    assert [event.reason for event in words if isinstance(event, Finished)] == ["end"]
