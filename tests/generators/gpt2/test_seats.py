"""Seats of texts, against a list of what each text has been through."""

from __future__ import annotations

import math
from unittest.mock import patch

import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from torch import Tensor

from generators.gpt2 import seats
from generators.gpt2.configuration import Shape
from generators.gpt2.seats import COARSE, FINE, Past, Rooms, Seats, capacity_for, coarse_capacity_for
from generators.gpt2.state import TextState, sit_down

SHAPE = Shape(vocab_size=10, context=200, width=2, layers=1, heads=1, inner=2)
PLACES = st.integers(0, 1_000)
WITH_ROWS = seats._with_rows


def past(numbers: list[int]) -> Past:
    """Keys and values that tell which tokens they are of."""
    keys = torch.tensor(numbers, dtype=torch.float32)[None, None, :, None].expand(1, 1, -1, 2).clone()
    return Past(keys, keys + 0.5)


class Scarce:
    """Finds rows so many times, and no memory then; always, where there is no number."""

    def __init__(self, times: int | None) -> None:
        self.left = math.inf if times is None else times

    def __call__(self, tensor: Tensor, rows: int) -> Tensor:
        self.left -= 1
        if self.left < 0:
            raise torch.OutOfMemoryError
        return WITH_ROWS(tensor, rows)


class Texts(RuleBasedStateMachine):
    """Texts that are read, step, fork, wait and go, in any order."""

    rooms: Rooms = FINE

    def __init__(self) -> None:
        super().__init__()
        self.seats = Seats(SHAPE, torch.empty(0), self.rooms)
        self.texts: list[tuple[TextState, list[int]]] = []
        self.count = 0

    @rule(tokens=st.integers(0, 40))
    def read(self, tokens: int) -> None:
        numbers = [self.count + place for place in range(tokens)]
        self.count += tokens
        self.texts.append((TextState(past(numbers) if tokens else self.seats.nothing, self.seats), numbers))

    @precondition(lambda self: self.texts)
    @rule(place=PLACES, tokens=st.integers(1, 40))
    def step(self, place: int, tokens: int) -> None:
        state, numbers = self.texts[place % len(self.texts)]
        for _ in range(min(tokens, SHAPE.context - state.length)):
            seat = state.sit()
            assert state.sit() is seat
            seat.bucket.keys[0, seat.row, 0, seat.used] = self.count
            seat.bucket.values[0, seat.row, 0, seat.used] = self.count + 0.5
            if tokens % 7 == 0:  # the step fails after it has begun, and is taken again
                assert state.sit() is seat
            state.stepped()
            numbers.append(self.count)
            self.count += 1

    @precondition(lambda self: len(self.texts) > 1)
    @rule(places=st.sets(PLACES, min_size=2, max_size=8), rooms=st.none() | st.integers(0, 3))
    def sit_together(self, places: set[int], rooms: int | None) -> None:
        chosen = [self.texts[place][0] for place in {place % len(self.texts) for place in places}]
        going = [state for state in chosen if state.length < SHAPE.context]
        with patch.object(seats, "_with_rows", Scarce(rooms)):
            try:
                sit_down(going)
            except torch.OutOfMemoryError:
                return
        assert all(state.has_room for state in going)

    @precondition(lambda self: self.texts)
    @rule(place=PLACES)
    def fork(self, place: int) -> None:
        state, numbers = self.texts[place % len(self.texts)]
        self.texts.append((state.fork(), list(numbers)))

    @precondition(lambda self: self.texts)
    @rule(place=PLACES)
    def wait(self, place: int) -> None:
        self.texts[place % len(self.texts)][0].put_away()

    @precondition(lambda self: self.texts)
    @rule(place=PLACES)
    def go(self, place: int) -> None:
        self.texts.pop(place % len(self.texts))
        self.seats.sweep()

    @invariant()
    def every_text_has_its_own(self) -> None:
        for state, numbers in self.texts:
            parts = [state.past] if state.seat is None else [state.past, state.seat.taken]
            whole = Past.joined(parts)
            assert whole.keys[0, 0, :, 0].tolist() == numbers
            assert (whole.values == whole.keys + 0.5).all()
            assert state.length == len(numbers)

    @invariant()
    def nothing_is_left_behind(self) -> None:
        for bucket in {state.seat.bucket for state, _ in self.texts if state.seat is not None}:
            used = [seat.used for seat in bucket.seats] + [0] * (bucket.keys.shape[1] - len(bucket.seats))
            for row, tokens in enumerate(used):
                assert not bucket.keys[:, row, :, tokens:].any()
                assert not bucket.values[:, row, :, tokens:].any()

    @invariant()
    def few_rows_are_free(self) -> None:
        self.seats.sweep()
        if self.rooms.stay:
            return
        for bucket in {state.seat.bucket for state, _ in self.texts if state.seat is not None}:
            assert bucket.keys.shape[1] == bucket.values.shape[1] < 4 * len(bucket.seats)

    @invariant()
    def only_who_sits_has_a_seat(self) -> None:
        assert len(self.seats) == sum(state.seat is not None for state, _ in self.texts)


class TextsInCoarseRooms(Texts):
    """The same where buckets are few and stay."""

    rooms = COARSE

    @rule()
    def trim(self) -> None:
        self.seats.trim()


TestTexts = Texts.TestCase
TestTexts.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestTextsInCoarseRooms = TextsInCoarseRooms.TestCase
TestTextsInCoarseRooms.settings = TestTexts.settings


def test_after_a_crowd() -> None:
    """The rows of many texts are given back when all but a few have gone, whose tokens stay."""
    seats = Seats(SHAPE, torch.empty(0), FINE)
    texts = [TextState(past([number] * 8), seats) for number in range(64)]
    bucket = {text.sit().bucket for text in texts}.pop()
    assert bucket.keys.shape[1] == 64

    stayed = texts[60:62]
    del texts
    seats.sweep()

    assert bucket.keys.shape[1] == 4
    assert [text.put_away().keys[0, 0, :, 0].tolist() for text in stayed] == [[60] * 8, [61] * 8]


def test_capacities() -> None:
    """Rows have room for the text, for at most a quarter more than 64 tokens, and grow with it."""
    capacities = [capacity_for(tokens) for tokens in range(1, 1_025)]

    assert capacities == sorted(capacities)
    assert all(capacity >= tokens for tokens, capacity in enumerate(capacities, 1))
    assert all(capacity <= 1.25 * tokens + 1 for tokens, capacity in enumerate(capacities, 1) if tokens >= 64)


def test_coarse_capacities() -> None:
    """Where steps are recorded, texts of up to 1,024 tokens sit in four kinds of rows, and forks in small ones."""
    capacities = [coarse_capacity_for(tokens) for tokens in range(1, 1_025)]

    assert sorted(set(capacities)) == [4, 16, 128, 256, 512, 1_024]
    assert all(capacity >= tokens for tokens, capacity in enumerate(capacities, 1))
    assert capacities[16:] == sorted(capacities[16:])


def test_a_bucket_that_stays() -> None:
    """Where steps are recorded, the row of a lone text is where it was when the next one comes."""
    seats = Seats(SHAPE, torch.empty(0), COARSE)
    first = TextState(past([1] * 40), seats)
    keys = first.sit().bucket.keys
    del first
    seats.sweep()

    assert TextState(past([2] * 40), seats).sit().bucket.keys is keys


def test_no_memory_to_give_rows_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no memory to move the few that are left into, they stay where they are."""
    seats = Seats(SHAPE, torch.empty(0), FINE)
    texts = [TextState(past([number] * 8), seats) for number in range(16)]
    bucket = {text.sit().bucket for text in texts}.pop()
    del texts[1:]
    with monkeypatch.context() as patched:
        patched.setattr(torch.Tensor, "clone", full)
        seats.sweep()
    assert bucket.keys.shape[1] == bucket.values.shape[1] == 16

    seats.sweep()

    assert bucket.keys.shape[1] == bucket.values.shape[1] == 2
    assert texts[0].put_away().keys[0, 0, :, 0].tolist() == [0] * 8


def full(_: torch.Tensor) -> torch.Tensor:
    raise torch.OutOfMemoryError("CUDA out of memory.")
