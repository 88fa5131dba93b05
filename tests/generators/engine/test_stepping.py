"""Steps, taken one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from generators.completion import Finished, Unit
from generators.engine.batching import Batching
from tests.fakes.models import Watched, tiny
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


def test_choices_in_turn_where_there_is_one_place() -> None:
    """Where a step takes one text, the second choice is written once the first has drawn its end."""
    model = tiny()
    readers = [Reader(model, prompt=prompt, n=2, max_tokens=400, temperature=2.5) for prompt in "abcdefgh"]

    for reader in readers:
        batching = Batching(model, 1, 1 << 20)
        batching.admit(reader.order)
        until_over(batching, reader)

    assert [reader.fault for reader in readers] == [None] * len(readers)
    finished = [event for reader in readers for event in reader.events if isinstance(event, Finished)]
    assert len(finished) == 2 * len(readers)
    assert "end" in {event.reason for event in finished if event.choice == 0}


class Scoring(Watched):
    """Knows how many tokens were scored in each call, and how many others read."""

    def __init__(self) -> None:
        super().__init__(tiny())
        self.scored: list[int] = []
        self.unscored = 0

    def extend(self, states: Sequence[Any], tokens: Sequence[Sequence[int]], logits: Any = "last") -> Any:
        count = sum(map(len, tokens))
        if logits == "all":
            self.scored.append(count)
        else:
            self.unscored += count
        return super().extend(states, tokens, logits)


def echoed(readers: int, score_from: int, **fields: Any) -> tuple[Scoring, list[Reader]]:
    """What becomes of echoed prompts of different lengths."""
    model = Scoring()
    batching = Batching(model, 64, 0)
    asked = [
        Reader(model, **{"prompt": "Once upon a time. " * (2 + place % 3), "echo": True} | fields)
        for place in range(readers)
    ]
    for reader in asked:
        reader.order.score_from = score_from
        batching.admit(reader.order)
    until_over(batching, *asked)
    return model, asked


@pytest.mark.parametrize("score_from", [1, 30])
@pytest.mark.parametrize("readers", [1, 7])
@pytest.mark.parametrize("fields", [{}, {"logprobs": 2}, {"logprobs": None}, {"unit": Unit.WORD}, {"max_tokens": 0}])
def test_scored_tokens(monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], readers: int, score_from: int) -> None:
    """Where logits are wanted after each token of a prompt, no more are asked for at once than fit into the bound."""
    _, free = echoed(readers, score_from, **fields)
    size = tiny().vocabulary.size
    monkeypatch.setattr("generators.engine.stepping.LOGITS", 5 * size + 1)
    model, bound = echoed(readers, score_from, **fields)

    assert 0 < max(model.scored) <= 5
    assert sum(model.scored) <= sum(len(reader.order.fed) - score_from + 5 for reader in bound)
    for one, other in zip(free, bound, strict=True):
        assert [piece.token_ids for piece in one.pieces] == [piece.token_ids for piece in other.pieces]
        assert [piece.logprob for piece in one.pieces] == pytest.approx([piece.logprob for piece in other.pieces])
        assert [len(piece.alternatives) for piece in one.pieces] == [len(piece.alternatives) for piece in other.pieces]
        assert other.fault is None


@pytest.mark.parametrize("logprobs", [None, tiny().vocabulary.size, 10**9])
def test_every_alternative_scored(monkeypatch: pytest.MonkeyPatch, logprobs: int | None) -> None:
    """Where every alternative is wanted of each token of a prompt, in whatever words, fewer are scored at once."""
    monkeypatch.setattr("generators.engine.stepping.LOGITS", 60 * tiny().vocabulary.size)

    plain, _ = echoed(1, 1, prompt="Once" * 50)
    every, _ = echoed(1, 1, prompt="Once" * 50, logprobs=logprobs)

    assert (max(plain.scored), max(every.scored)) == (60, 2)
