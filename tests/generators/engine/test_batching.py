"""Steps without a thread: who is told of a fault, and what there is at a deadline."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import pytest

from generators.completion import CompletionRequest, Event, Finished, Piece, Priority, Unit
from generators.engine.alternatives import Alternatives
from generators.engine.batching import Batching
from generators.engine.search import Search
from generators.engine.texts import Order
from generators.engine.tokens import TokenTable
from generators.engine.voices import voice_of
from generators.engine.work import Echo
from generators.errors import ModelFailed
from generators.model import Model
from generators.scripted import Script
from tests.fakes.models import tiny

NOW: Final = 1000.0


class Reader:
    """One request's order, and what has come of it."""

    def __init__(self, model: Model[Any], **fields: Any) -> None:
        request = CompletionRequest(model="x", seed=1, **fields)
        self.events: list[Event] = []
        self.over = False
        self.fault: BaseException | None = None
        fed = [model.vocabulary.start, *model.vocabulary.encode(str(request.prompt))]
        most = 5 if request.max_tokens is None else request.max_tokens
        self.order = Order(
            voice_of(model, 0, TokenTable(model.vocabulary)),
            request,
            request.sampling(model.info.sampling),
            seed=1,
            fed=fed,
            prompt_tokens=len(fed) - 1,
            score_from=1 if request.echo else None,
            most=most,
            least=0,
            append=self.events.append,
            finish=self.finish,
            deadline=NOW,
            unfinished=request.n,
        )

    def finish(self, fault: BaseException | None) -> None:
        self.over = True
        self.fault = fault

    @property
    def pieces(self) -> list[Piece]:
        return [event for event in self.events if isinstance(event, Piece)]


def until_over(batching: Batching, *readers: Reader) -> None:
    while not all(reader.over for reader in readers):
        batching.step()


def raising(*_: Any, **__: Any) -> Any:
    raise ValueError("of this text alone")


def breaks_taking(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A text whose tokens cannot be taken."""
    monkeypatch.setattr("generators.engine.unit_texts.UnitText.take", raising)
    return {"unit": Unit.WORD}


def breaks_searching(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A search whose logits cannot be taken."""
    monkeypatch.setattr(Search, "take", raising)
    return {"unit": Unit.WORD, "logprobs": 3, "n": 2}


def breaks_beginning_to_search(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A search that cannot begin."""
    monkeypatch.setattr(Alternatives, "look_for", raising)
    return {"unit": Unit.WORD, "logprobs": 3}


def breaks_scoring(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A prompt whose tokens cannot be scored."""
    monkeypatch.setattr(Echo, "take", raising)
    return {"echo": True, "prompt": "Once"}


@pytest.mark.parametrize("breaks", [breaks_taking, breaks_searching, breaks_beginning_to_search, breaks_scoring])
def test_a_fault_of_one(monkeypatch: pytest.MonkeyPatch, breaks: Callable[..., dict[str, Any]]) -> None:
    """What goes wrong with one text ends that text; those of the same steps are written to their ends."""
    model = tiny()
    batching = Batching(model, 64, 0)
    bad = Reader(model, **breaks(monkeypatch))
    others = [Reader(model, temperature=1.0) for _ in range(3)]

    for reader in (others[0], bad, *others[1:]):
        batching.admit(reader.order)
    until_over(batching, bad, *others)

    assert isinstance(bad.fault, ModelFailed)
    assert [reader.fault for reader in others] == [None] * 3
    assert [len(reader.pieces) for reader in others] == [5] * 3
    assert not batching.busy
    assert batching.left == bad.order.request.n + 3


def test_a_fault_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a step's draws fail, all who drew are told, also those that had only begun; nothing stays behind."""
    monkeypatch.setattr("generators.engine.batching.MOMENT", 0)
    model = tiny()
    batching = Batching(model, 64, 0)
    old, new = Reader(model), Reader(model)
    batching.admit(old.order)
    batching.step()
    batching.step()
    batching.admit(new.order)

    with monkeypatch.context() as patched:
        patched.setattr("generators.engine.batching.drawn", raising)
        batching.step()

    assert isinstance(old.fault, ModelFailed)
    assert isinstance(new.fault, ModelFailed)
    assert not batching.busy


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


@pytest.mark.parametrize(("moment", "steps"), [(0.0, 20), (math.inf, 6)])
def test_a_lone_text(monkeypatch: pytest.MonkeyPatch, moment: float, steps: int) -> None:
    """A text that nobody shares the steps with goes on for a moment in each, and is the same text."""
    monkeypatch.setattr("generators.engine.batching.MOMENT", moment)
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


def test_a_lone_text_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault ends a lone text in its step, however long its moment is."""
    monkeypatch.setattr("generators.engine.batching.MOMENT", math.inf)
    model = tiny()
    reader = Reader(model, max_tokens=20)
    batching = Batching(model, 4, 1_000_000)
    batching.admit(reader.order)
    monkeypatch.setattr("generators.engine.batching.drawn", raising)

    until_over(batching, reader)

    assert isinstance(reader.fault, ModelFailed)
