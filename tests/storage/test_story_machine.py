"""Stories against a plain model of them, through any sequence of moves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import rounds, stories, units
from storage.database import Database
from storage.rounds import CandidateRow, Round
from storage.stories import Story
from tests.storage.builders import after, ask, finish, start, vote

T = TypeVar("T")
PEOPLE = st.sampled_from(["web:Ada", "web:Bob", "web:Cleo", "web:Dan"])
OFFERED = 3
WRITTEN = st.text(max_size=3)
_places = (f"web:room {number}" for number in count())


@dataclass
class Vote:
    """A round as a person would keep it on paper."""

    id: int
    position: int
    attempt: int
    state: str = "open"
    votes: dict[str, int] = field(default_factory=dict)
    writers: dict[int, str] = field(default_factory=dict)
    winner: int | None = None


class StoryMachine(RuleBasedStateMachine):
    """Moves in one story; `runner` and `database` come from the test."""

    runner: asyncio.Runner
    database: Database

    def write(self, operation: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        return self.runner.run(self.database.write(operation))

    def read(self, query: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        return self.runner.run(self.database.read(query))

    @initialize()
    def begin(self) -> None:
        self.story: Story = self.write(lambda conn: start(conn, next(_places)))
        self.rounds: list[Vote] = []
        self.units: list[Vote] = []

    @property
    def open(self) -> Vote | None:
        return next((past for past in self.rounds if past.state == "open"), None)

    def latest(self, back: int) -> tuple[Vote, Round]:
        """A round of the last few, in both worlds: presses come late too."""
        past = self.rounds[-1 - min(back, len(self.rounds) - 1)]
        found = self.read(lambda conn: rounds.round_with(conn, past.id))
        assert found is not None
        return past, found.round

    @rule()
    def ask(self) -> None:
        position = len(self.units)
        if self.open is not None:
            with pytest.raises(ValueError, match="has an open round"):
                self.write(lambda conn: ask(conn, self.story, position))
            return
        opened = self.write(lambda conn: ask(conn, self.story, position))
        attempt = 1 + sum(past.position == position for past in self.rounds)
        self.rounds.append(Vote(opened.id, position, attempt))

    @precondition(lambda self: self.rounds)
    @rule(person=PEOPLE, slot=st.integers(-1, OFFERED + 1), back=st.integers(0, 1))
    def press(self, person: str, slot: int, back: int) -> None:
        past, round_ = self.latest(back)

        counted = self.write(lambda conn: rounds.cast(conn, vote(round_, person, slot)))

        assert counted == (past.state == "open" and (0 <= slot < OFFERED or slot in past.writers))
        if counted:
            past.votes[person] = slot

    @precondition(lambda self: self.rounds)
    @rule(person=PEOPLE, text=WRITTEN, back=st.integers(0, 1))
    def write_in(self, person: str, text: str, back: int) -> None:
        past, round_ = self.latest(back)
        slot = OFFERED + len(past.writers)
        row = CandidateRow(round_.id, slot, text, (1, 2), -3.0, writer=person)

        added = self.write(lambda conn: rounds.add_candidate(conn, row))

        assert added == (past.state == "open" and person not in past.writers.values())
        if added:
            past.writers[slot] = person

    @precondition(lambda self: self.rounds)
    @rule(slot=st.integers(0, OFFERED - 1), back=st.integers(0, 1), times=st.integers(1, 3))
    def close(self, slot: int, back: int, times: int) -> None:
        past, round_ = self.latest(back)

        async def together() -> list[bool]:
            return await asyncio.gather(
                *(self.database.write(lambda conn: finish(conn, round_, slot)) for _ in range(times))
            )

        closed = self.runner.run(together())

        assert sum(closed) == (past.state == "open")
        if any(closed):
            past.state, past.winner = "closed", slot
            self.units.append(past)

    @rule()
    def undo(self) -> None:
        undone = self.write(lambda conn: rounds.undo(conn, self.story.id, after(70)))

        if not self.units:
            assert undone is None
            return
        assert undone is not None
        assert undone.id == self.units[-1].id
        if self.open is not None:
            self.open.state = "dropped"
        self.units.pop().state = "undone"

    @rule()
    def pause_and_end(self) -> None:
        """Ending drops the open round; the story is opened again for the moves to come."""
        self.write(lambda conn: stories.set_state(conn, self.story.id, "ended", after(80)))
        self.write(lambda conn: stories.set_state(conn, self.story.id, "open", after(81)))

        if self.open is not None:
            self.open.state = "dropped"

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "rounds"):
            return
        history = self.read(lambda conn: rounds.history(conn, self.story.id))
        appended = self.read(lambda conn: units.every(conn, self.story.id))
        current = self.read(lambda conn: rounds.current(conn, self.story.id))

        assert [_paper(past) for past in history] == [
            (past.id, past.position, past.attempt, past.state, past.winner, past.votes, past.writers)
            for past in self.rounds
        ]
        assert [(unit.position, unit.round) for unit in appended] == [
            (position, past.id) for position, past in enumerate(self.units)
        ]
        assert (current and current.id) == (self.open and self.open.id)


def _paper(past: stories.Past) -> tuple[Any, ...]:
    votes = {row.person: row.slot for row in past.votes}
    writers = {row.slot: row.writer for row in past.candidates if row.writer is not None}
    round_ = past.round
    return round_.id, round_.position, round_.attempt, round_.state, round_.winner, votes, writers


@pytest.fixture
def opened(url: str) -> Iterator[tuple[asyncio.Runner, Database]]:
    with asyncio.Runner() as runner:
        database = runner.run(Database.open(url))
        yield runner, database
        runner.run(database.close())


def test_any_sequence(opened: tuple[asyncio.Runner, Database]) -> None:
    """Whatever is pressed, written, closed and undone, in whatever order, the database agrees with the model."""

    class Bound(StoryMachine):
        runner, database = opened

    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
