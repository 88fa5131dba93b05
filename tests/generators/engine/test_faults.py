"""Models that break and memory that does not suffice: whose texts end by it, and whose do not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pytest

from generators.completion import Unit
from generators.engine.alternatives import Alternatives
from generators.engine.batching import Batching
from generators.engine.search import Search
from generators.engine.texts import Text
from generators.engine.work import Echo
from generators.errors import ModelFailed
from generators.model import OutOfMemory
from tests.fakes.models import Watched, tiny
from tests.generators.engine.readers import Reader, raising, until_over

MARK: Final = "\n\n"  # a text that begins so is the one that breaks


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
    monkeypatch.setattr("generators.engine.stepping.MOMENT", 0)
    model = tiny()
    batching = Batching(model, 64, 0)
    old, older, new = Reader(model), Reader(model), Reader(model)
    for each in (old, older):
        batching.admit(each.order)
    batching.step()
    batching.step()
    batching.admit(new.order)

    with monkeypatch.context() as patched:
        patched.setattr("generators.engine.stepping.drawn", raising)
        patched.setattr("generators.engine.stepping.drawn_alone", raising)
        batching.step()

    assert [type(reader.fault) for reader in (old, older, new)] == [ModelFailed] * 3
    assert not batching.busy


def test_a_lone_text_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault ends a lone text in its step, however long its moment is."""
    monkeypatch.setattr("generators.engine.stepping.MOMENT", math.inf)
    model = tiny()
    reader = Reader(model, max_tokens=20)
    batching = Batching(model, 4, 1_000_000)
    batching.admit(reader.order)
    monkeypatch.setattr("generators.engine.stepping.drawn_alone", raising)

    until_over(batching, reader)

    assert isinstance(reader.fault, ModelFailed)


@pytest.mark.parametrize("others", [0, 2])
def test_too_little_memory_after_a_draw(monkeypatch: pytest.MonkeyPatch, others: int) -> None:
    """A text that finds no memory after its draw fails by itself, and what is kept is given up, alone or in a crowd."""
    model = tiny()
    batching = Batching(model, 64, 1 << 20)
    reader, *rest = Reader(model, logprobs=1), *(Reader(model) for _ in range(others))
    for each in (reader, *rest):
        batching.admit(each.order)
    take = Text.take

    def scarce(text: Text, *drawn: Any) -> Any:
        if text.order is reader.order:
            raise OutOfMemory("no memory")
        return take(text, *drawn)

    monkeypatch.setattr(Text, "take", scarce)
    until_over(batching, reader, *rest)

    assert isinstance(reader.fault, ModelFailed)
    assert [each.fault for each in rest] == [None] * others
    assert batching.meter.shortages == 1


class Breaking(Watched):
    """A model some of whose answers are no numbers from some time on."""

    def __init__(self) -> None:
        super().__init__(tiny())
        self.broken = slice(0)

    def extend(self, states: Sequence[Any], tokens: Sequence[Sequence[int]], logits: Any = "last") -> Any:
        answers = super().extend(states, tokens, logits)
        answers[self.broken] = np.nan
        return answers


class Spoilt(Watched):
    """A model whose answers to the texts that begin with the mark are no numbers."""

    def __init__(self, value: float) -> None:
        super().__init__(tiny())
        self._value = value
        self._mark = self.vocabulary.encode(MARK)
        self._marked: list[Any] = []
        self._fork = self.fork
        self.fork = self._forked

    def _forked(self, state: Any) -> Any:
        copy = self._fork(state)
        if any(state is each for each in self._marked):
            self._marked.append(copy)
        return copy

    def extend(self, states: Sequence[Any], tokens: Sequence[Sequence[int]], logits: Any = "last") -> Any:
        answers = super().extend(states, tokens, logits)
        for state, ids, answer in zip(states, tokens, answers, strict=True):
            if list(ids[1:3]) == self._mark:
                self._marked.append(state)
            if any(state is each for each in self._marked):
                answer[...] = self._value
        return answers


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "fields",
    [{}, {"top_k": 5}, {"top_p": 0.5}, {"temperature": 0.0}, {"unit": Unit.WORD, "logprobs": 3}, {"echo": True}],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, of what is infinite
def test_no_numbers(value: float, fields: dict[str, Any]) -> None:
    """A text whose model answers with NaN or infinities ends by a fault; those beside it are what they are alone."""
    model = Spoilt(value)
    batching = Batching(model, 64, 1 << 20)
    bad = Reader(model, prompt=MARK, **fields)
    others = [Reader(model, prompt="Once", **other) for other in ({}, {"top_k": 5}, {"unit": Unit.WORD, "logprobs": 2})]
    alone = [Reader(tiny(), prompt="Once", **other) for other in ({}, {"top_k": 5}, {"unit": Unit.WORD, "logprobs": 2})]

    for reader in (others[0], bad, *others[1:]):
        batching.admit(reader.order)
    until_over(batching, bad, *others)
    for reader in alone:
        sound = Batching(tiny(), 64, 0)
        sound.admit(reader.order)
        until_over(sound, reader)

    assert isinstance(bad.fault, ModelFailed)
    assert "NaN or infinite" in str(bad.fault)
    assert [reader.fault for reader in others] == [None] * 3
    assert [[piece.token_ids for piece in reader.pieces] for reader in others] == [
        [piece.token_ids for piece in reader.pieces] for reader in alone
    ]
    assert batching.meter.failed == 1
    assert not batching.busy


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_all_choices_break(caplog: pytest.LogCaptureFixture) -> None:
    """A request of several choices that all go bad fails once, and is logged once."""
    model = Breaking()
    batching = Batching(model, 64, 1 << 20)
    reader = Reader(model, n=4)
    batching.admit(reader.order)
    while len(reader.pieces) < 8:
        batching.step()
    model.broken = slice(None)

    until_over(batching, reader)

    assert isinstance(reader.fault, ModelFailed)
    (record,) = caplog.records
    assert "and with it 1 request: its answer is NaN" in record.message
    assert batching.meter.failed == 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_text_that_breaks_while_it_is_written(caplog: pytest.LogCaptureFixture) -> None:
    """Numbers that go bad in the middle of a text end it there, and nothing of it is kept; the log says whose, once."""
    model = Breaking()
    batching = Batching(model, 64, 1 << 20)
    reader, other = Reader(model, prompt="Once", top_k=5), Reader(model, prompt="Twice")
    for each in (reader, other):
        batching.admit(each.order)
    while len(reader.pieces) < 2:
        batching.step()
    kept = len(batching.cache)
    model.broken = slice(1)
    batching.step()
    model.broken = slice(0)
    until_over(batching, reader, other)

    assert isinstance(reader.fault, ModelFailed)
    name = reader.order.voice.info.name
    assert str(reader.fault) == f"{name}: its answer is NaN or infinite; import or train it again"
    (record,) = caplog.records
    assert name in record.message
    assert record.exc_info is None
    assert (len(reader.pieces), len(other.pieces)) == (2, 5)
    assert len(batching.cache) == kept + 1  # what the other one has come to


class Short(Watched):
    """A model whose memory suffices for so many tokens in a step."""

    def __init__(self, most: int) -> None:
        super().__init__(tiny())
        self.most = most

    def extend(self, states: Sequence[Any], tokens: Sequence[Sequence[int]], logits: Any = "last") -> Any:
        if sum(map(len, tokens)) > self.most:
            raise OutOfMemory("no memory")
        return super().extend(states, tokens, logits)


def texts_with(model: Watched, count: int, **fields: Any) -> tuple[Batching, list[Reader]]:
    batching = Batching(model, 64, 1 << 20)
    readers = [Reader(model, prompt="Once" * (1 + place), **fields) for place in range(count)]
    for reader in readers:
        batching.admit(reader.order)
    until_over(batching, *readers)
    return batching, readers


@pytest.mark.parametrize("fields", [{}, {"echo": True}, {"n": 3, "top_k": 4}])
def test_too_little_memory(fields: dict[str, Any]) -> None:
    """Where memory does not suffice, steps become smaller, nobody is told of a fault, and the texts are the same."""
    batching, readers = texts_with(Short(9), 12, **fields)
    _, sound = texts_with(Short(100_000), 12, **fields)

    assert [reader.fault for reader in readers] == [None] * 12
    assert [[piece.token_ids for piece in reader.pieces if piece.choice == 0] for reader in readers] == [
        [piece.token_ids for piece in reader.pieces if piece.choice == 0] for reader in sound
    ]
    assert batching.meter.shortages > 0
    assert batching.places < 10


def test_memory_that_suffices_again() -> None:
    """Once there is memory again, steps have as many places as before."""
    model = Short(9)
    batching, _ = texts_with(model, 12)
    shortages = batching.meter.shortages
    model.most = 100_000

    while batching.places < 64:  # it takes some hundred steps, which the test's time limit is long enough for
        reader = Reader(model)
        batching.admit(reader.order)
        until_over(batching, reader)

    assert batching.meter.shortages == shortages


def test_too_little_memory_for_one() -> None:
    """A text for which even a step of its own is too much ends by a fault, and the next ones are written."""
    model = Short(0)
    batching = Batching(model, 64, 1 << 20)
    bad = Reader(model, prompt="Once")
    batching.admit(bad.order)
    until_over(batching, bad)
    model.most = 100_000

    good = Reader(model, prompt="Once")
    batching.admit(good.order)
    until_over(batching, good)

    assert isinstance(bad.fault, ModelFailed)
    assert len(good.pieces) == 5


def test_too_little_memory_to_keep() -> None:
    """A text that cannot be kept for later is written all the same."""
    model = Watched(tiny())
    batching = Batching(model, 64, 1 << 20)
    reader = Reader(model, prompt="Once")

    def full(_: Any) -> Any:
        raise OutOfMemory("no memory")

    model.fork = full
    batching.admit(reader.order)
    until_over(batching, reader)

    assert reader.fault is None
    assert len(reader.pieces) == 5
    assert len(batching.cache) == 0


@pytest.mark.parametrize("leaves", [False, True])
@pytest.mark.parametrize(
    "fields", [{"n": 2}, {"unit": Unit.WORD, "logprobs": 3}, {"unit": Unit.SENTENCE, "logprobs": 2}]
)
def test_a_slow_reader_keeps_no_memory(fields: dict[str, Any], leaves: bool) -> None:
    """Once a text is over or its reader has gone, its order, which is there until all is read, holds no state of it."""
    model = tiny()
    batching = Batching(model, 64, 0)
    reader = Reader(model, prompt="Once", max_tokens=3, **fields)
    batching.admit(reader.order)
    if leaves:
        while not reader.order.texts:
            batching.step()
        batching.drop(reader.order)
    else:
        until_over(batching, reader)

    assert reader.order.texts == reader.order.inner == []
    assert not batching.busy
