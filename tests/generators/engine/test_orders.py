"""Orders: held while their readers are behind, and ended at their deadlines."""

from __future__ import annotations

from typing import Any

import pytest

from generators.completion import Finished, Priority, Unit
from generators.engine.batching import Batching
from generators.errors import ModelFailed
from generators.scripted import Script
from tests.fakes.models import tiny
from tests.generators.engine.readers import NOW, Reader, raising, until_over


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 3, "max_tokens": 20},
        {"logprobs": None, "max_tokens": 20},
        {"prompt": "Once upon a time " * 20, "echo": True},
        {"unit": Unit.WORD, "logprobs": 3, "n": 2, "max_tokens": 4},
        {"unit": Unit.SENTENCE, "logprobs": 3, "max_tokens": 2},
    ],
)
def test_held(fields: dict[str, Any]) -> None:
    """A text that is held takes no step wherever it is, its company does, and it ends as it would have."""
    model = tiny()
    free, held, other = Reader(model, **fields), Reader(model, **fields), Reader(model, max_tokens=200)
    alone, together = Batching(model, 64, 0), Batching(model, 64, 0)
    alone.admit(free.order)
    until_over(alone, free)

    together.admit(held.order)
    steps = 0
    while not held.over:
        together.step()
        steps += 1
        together.hold(held.order)
        so_far = len(held.events)
        assert not together.busy
        if steps == 1:
            together.admit(other.order)
            until_over(together, other)
        assert len(held.events) == so_far
        together.go_on(held.order)

    assert held.events == free.events
    assert other.over
    assert not together.busy


def test_held_and_dropped() -> None:
    """A text whose reader goes while it is held, or whose time is over, leaves nothing behind."""
    model = tiny()
    batching = Batching(model, 64, 0)
    gone, late = Reader(model, max_tokens=20), Reader(model, max_tokens=20)
    for reader in (gone, late):
        batching.admit(reader.order)
        batching.step()
        batching.hold(reader.order)

    batching.drop(gone.order)
    batching.expire(NOW)
    for reader in (gone, late):
        batching.go_on(reader.order)

    assert [event.reason for event in late.events if isinstance(event, Finished)] == ["deadline"]
    assert not batching.busy
    assert batching.left == 2


def test_a_deadline_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever cannot be ended at the deadline is told so; the others of that moment are ended as ever."""
    model = tiny()
    batching = Batching(model, 64, 0)
    bad, good = Reader(model, unit=Unit.WORD, logprobs=3), Reader(model)
    for reader in (bad, good):
        batching.admit(reader.order)
        batching.step()
    monkeypatch.setattr("generators.engine.unit_texts.UnitText.give_up", raising)

    batching.expire(NOW)

    assert isinstance(bad.fault, ModelFailed)
    assert [event.reason for event in good.events if isinstance(event, Finished)] == ["deadline"]
    assert not batching.busy


def test_sentences_at_a_deadline() -> None:
    """Samples that are finished when the time is over are given, marked as uncertain; the others are dropped."""
    model = Script(texts=("Hi.", "Go on now please, until nobody listens."), smoothing=0.01).model()
    batching = Batching(model, 64, 0)
    reader = Reader(model, unit=Unit.SENTENCE, logprobs=5, max_tokens=1, priority=Priority.BALLOT)
    batching.admit(reader.order)
    for _ in range(8):
        batching.step()

    batching.expire(NOW)

    (piece,) = reader.pieces
    assert [each.text for each in piece.alternatives] == ["Hi."]
    assert (piece.text, piece.exact) == ("Hi.", False)
    assert [event.reason for event in reader.events if isinstance(event, Finished)] == ["deadline"]
    assert not batching.busy
