"""The ledger of who agreed where and when."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from storage import consents
from storage.consents import Consent
from storage.database import Database
from tests.storage.builders import ADA, BOB, CLEO, LOBBY, after

CELLAR = "web:cellar"
PEOPLE, PLACES = (ADA, BOB, CLEO), (LOBBY, CELLAR)


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
    """The table against a list of consents that is changed in the plainest way."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = TemporaryDirectory()
        url = f"sqlite:///{Path(self.folder.name) / 'planchette.db'}"
        self.database = self.loop.run_until_complete(Database.open(url))
        self.model: list[Consent] = []
        self.seconds = 0

    def teardown(self) -> None:
        self.loop.run_until_complete(self.database.close())
        self.loop.close()
        self.folder.cleanup()

    def now(self) -> datetime:
        self.seconds += 1
        return after(self.seconds)

    def write(self, operation: Any, **facts: Any) -> Any:
        return self.loop.run_until_complete(self.database.write(partial(operation, **facts)))

    def read(self, query: Any, **facts: Any) -> Any:
        return self.loop.run_until_complete(self.database.read(partial(query, **facts)))

    def open_ones(self, person: str, place: str | None) -> list[Consent]:
        return [
            each
            for each in self.model
            if each.person == person and place in (None, each.place) and each.withdrawn is None
        ]

    @rule(person=st.sampled_from(PEOPLE), place=st.sampled_from(PLACES))
    def grant(self, person: str, place: str) -> None:
        consent = replace(agreed(person, place), granted=self.now())

        assert self.write(consents.grant, consent=consent) is not bool(self.open_ones(person, place))

        if not self.open_ones(person, place):
            self.model.append(consent)

    @rule(person=st.sampled_from(PEOPLE), place=st.sampled_from((*PLACES, None)))
    def withdraw(self, person: str, place: str | None) -> None:
        at, were = self.now(), self.open_ones(person, place)
        closed = [replace(each, withdrawn=at) for each in were]

        assert sorted(self.write(consents.withdraw, person=person, place=place, at=at), key=str) == sorted(
            closed, key=str
        )

        self.model = [each for each in self.model if each not in were] + closed

    @rule(person=st.sampled_from(PEOPLE))
    def erase(self, person: str) -> None:
        self.write(consents.erase, person=person)
        self.model = [each for each in self.model if each.person != person]

    @invariant()
    def alike(self) -> None:
        for place in PLACES:
            held = {each.person: each for each in self.model if each.place == place and each.withdrawn is None}
            assert self.read(consents.of_place, place=place) == held
        for person in PEOPLE:
            theirs = sorted((each for each in self.model if each.person == person), key=lambda each: each.granted)
            assert self.read(consents.of_person, person=person) == theirs


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
