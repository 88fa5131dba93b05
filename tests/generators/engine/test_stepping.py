"""Steps, taken one by one."""

from __future__ import annotations

import math

import pytest

from generators.engine.batching import Batching
from tests.fakes.models import tiny
from tests.generators.engine.readers import Reader, until_over


@pytest.mark.parametrize(("moment", "steps"), [(0.0, 20), (math.inf, 6)])
def test_a_lone_text(monkeypatch: pytest.MonkeyPatch, moment: float, steps: int) -> None:
    """A text that nobody shares the steps with goes on for a moment in each, and is the same text."""
    monkeypatch.setattr("generators.engine.stepping.MOMENT", moment)
    model = tiny()
    reader, twin = (Reader(model, max_tokens=20) for _ in range(2))
    together = Batching(model, 4, 1_000_000)
    together.admit(twin.order)
    together.admit(Reader(model, max_tokens=40).order)
    until_over(together, twin)
    batching = Batching(model, 4, 1_000_000)
    batching.admit(reader.order)

    taken = 0
    while not reader.over:
        batching.step()
        taken += 1

    assert steps / 2 < taken <= steps
    assert [piece.token_ids for piece in reader.pieces] == [piece.token_ids for piece in twin.pieces]
