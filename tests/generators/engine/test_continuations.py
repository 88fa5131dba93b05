"""Texts that outgrow what their model looks back on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from generators.completion import Piece, Started, Unit
from generators.engine import Engine
from generators.scripted import Script
from tests.fakes.models import Watched
from tests.generators.engine.asking import read


class Measured(Watched):
    """Knows how many tokens each state has been through, and the most that any has."""

    def __init__(self, model: Any, **facts: Any) -> None:
        super().__init__(model, **facts)
        self._lengths: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._fork = self.fork
        self.fork = self._forked
        self.most = 0

    def _forked(self, state: Any) -> Any:
        copy = self._fork(state)
        self._lengths[copy] = self._lengths.get(state, 0)
        return copy

    def extend(self, states: Sequence[Any], tokens: Sequence[Sequence[int]], logits: Any = "last") -> Any:
        for state, ids in zip(states, tokens, strict=True):
            self._lengths[state] = self._lengths.get(state, 0) + len(ids)
            self.most = max(self.most, self._lengths[state])
        return super().extend(states, tokens, logits)


@pytest.mark.parametrize("unit", [None, Unit.WORD])
async def test_a_full_context(unit: Unit | None) -> None:
    """A model with a short memory writes on and on, and never has more behind it than it can look back on."""
    model = Measured(Script(smoothing=1.0, order=2).model(), context=40)
    engine = Engine(model)

    events = await read(engine, model="x", prompt="x" * 100, max_tokens=100, min_tokens=100, unit=unit)
    engine.close()

    (started, *_) = events
    assert isinstance(started, Started)
    assert started.dropped + len(started.prompt) == 100
    assert started.dropped % 10 == 0
    assert sum(isinstance(event, Piece) for event in events) == 100
    assert 20 <= model.most <= 40
