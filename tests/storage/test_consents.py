"""The ledger of who agreed where and when."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from storage import consents
from storage.consents import Consent
from storage.database import Database
from tests.storage.builders import ADA, BOB, LOBBY, after
from tests.storage.conftest import Opened

CELLAR = "web:cellar"
PEOPLE, PLACES = st.integers(0, 2), (LOBBY, CELLAR)
_numbers = count()


def agreed(person: str = ADA, place: str = LOBBY, *, at: float = 0, until: float | None = None) -> Consent:
    return Consent(person, place, "web:house", 1, after(at), None if until is None else after(until))


async def test_granted_once(database: Database) -> None:
    """A consent that is open stays as it is when the person agrees again; elsewhere it is another one."""
    first = await database.write(partial(consents.grant, consent=agreed()))
    again = await database.write(partial(consents.grant, consent=agreed(at=9)))
    there = await database.write(partial(consents.grant, consent=agreed(place=CELLAR, at=9)))

    assert (first, again, there) == (True, False, True)
    assert await database.read(partial(consents.open_at, person=ADA, place=LOBBY)) == agreed()
    assert await database.read(partial(consents.of_person, person=ADA)) == [agreed(), agreed(place=CELLAR, at=9)]


async def test_pressed_at_once(database: Database) -> None:
    """Many presses at once open one consent."""
    pressed = [database.write(partial(consents.grant, consent=agreed(at=second))) for second in range(20)]

    assert sum(await asyncio.gather(*pressed)) == 1


async def test_withdrawn(database: Database) -> None:
    """A consent that was withdrawn is over, and the person may agree again from then on."""
    await database.write(partial(consents.grant, consent=agreed()))

    closed = await database.write(partial(consents.withdraw, person=ADA, place=LOBBY, at=after(5)))
    nothing = await database.write(partial(consents.withdraw, person=ADA, place=LOBBY, at=after(6)))
    anew = await database.write(partial(consents.grant, consent=agreed(at=7)))

    assert (closed, nothing, anew) == ([agreed(until=5)], [], True)
    assert await database.read(partial(consents.of_place, place=LOBBY)) == {ADA: agreed(at=7)}


async def test_erased(database: Database) -> None:
    """Of a person who is forgotten no consent remains, and of others all do."""
    for person in (ADA, BOB):
        await database.write(partial(consents.grant, consent=agreed(person)))
    await database.write(partial(consents.withdraw, person=ADA, place=None, at=after(1)))

    await database.write(partial(consents.erase, person=ADA))

    assert await database.read(partial(consents.of_person, person=ADA)) == []
    assert await database.read(partial(consents.of_place, place=LOBBY)) == {BOB: agreed(BOB)}


class Ledger(RuleBasedStateMachine):
    """The table against a list of consents that is changed in the plainest way; the test gives what it runs on."""

    runner: asyncio.Runner
    database: Database

    @initialize()
    def begin(self) -> None:
        self.people = [f"web:{next(_numbers)}" for _ in range(3)]
        self.model: list[Consent] = []
        self.seconds = 0

    def now(self) -> datetime:
        self.seconds += 1
        return after(self.seconds)

    def write(self, operation: Any, **facts: Any) -> Any:
        return self.runner.run(self.database.write(partial(operation, **facts)))

    def read(self, query: Any, **facts: Any) -> Any:
        return self.runner.run(self.database.read(partial(query, **facts)))

    def open_ones(self, person: str, place: str | None) -> list[Consent]:
        theirs = [each for each in self.model if each.person == person and each.withdrawn is None]
        return [each for each in theirs if place in (None, each.place)]

    @rule(who=PEOPLE, place=st.sampled_from(PLACES))
    def grant(self, who: int, place: str) -> None:
        consent = replace(agreed(self.people[who], place), granted=self.now())
        had = self.open_ones(consent.person, place)

        assert self.write(consents.grant, consent=consent) is not bool(had)

        self.model += [] if had else [consent]

    @rule(who=PEOPLE, place=st.sampled_from((*PLACES, None)))
    def withdraw(self, who: int, place: str | None) -> None:
        at, had = self.now(), self.open_ones(self.people[who], place)
        closed = [replace(each, withdrawn=at) for each in had]

        told = self.write(consents.withdraw, person=self.people[who], place=place, at=at)

        assert sorted(told, key=str) == sorted(closed, key=str)
        self.model = [each for each in self.model if each not in had] + closed

    @rule(who=PEOPLE)
    def erase(self, who: int) -> None:
        self.write(consents.erase, person=self.people[who])
        self.model = [each for each in self.model if each.person != self.people[who]]

    @invariant()
    def alike(self) -> None:
        for person in self.people:
            theirs = sorted((each for each in self.model if each.person == person), key=lambda each: each.granted)
            assert self.read(consents.of_person, person=person) == theirs
            for place in PLACES:
                (*found,) = self.open_ones(person, place)
                assert self.read(consents.of_place, place=place).get(person) == (found[0] if found else None)


def test_any_sequence(opened: Opened) -> None:
    """Whoever agrees, withdraws or is forgotten, in whatever order, the ledger agrees with a plain list."""

    class Bound(Ledger):
        runner, database = opened

    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
