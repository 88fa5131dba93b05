"""The rules of a relay, against a plain model of them, in any order of moves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.conversation import Person
from bot.games.kinds import NotYourGame
from bot.games.relay import MOST, RELAY, Player, Relay
from bot.games.relay import turns as rules
from bot.games.relay.errors import DoesNotPlay, GoesOn, ModelsTurn, NobodyPlays, NotYourTurn, PlaysAlready
from bot.games.relay.state import Sentence
from generators.errors import UserError

PEOPLE = tuple(Person("web", name.lower(), name) for name in ("Ada", "Ben", "Cleo", "Dan"))
ADMIN = Person("web", "root", "Root", admin=True)
NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)

people = st.sampled_from(PEOPLE)
lines = st.sampled_from(["It rained.", " Spaced.", "«So!»", "雨。", "x"])


def begun(most: int = 0, text: str = "Once.") -> Relay:
    return Relay(
        model="tales@1",
        temperature=None,
        seconds=60.0,
        most=most,
        seed=1,
        started_by=PEOPLE[0].key,
        beginning=text,
        players=(Player(PEOPLE[0].key, PEOPLE[0].name),),
        deadline=NOON + timedelta(seconds=60),
    )


class Turns(RuleBasedStateMachine):
    """People who join, leave, write and do not write, and a model that answers."""

    def __init__(self) -> None:
        super().__init__()
        self.relay = begun(most=12)
        self.now = NOON
        self.order = [PEOPLE[0].key]  # the next one first
        self.written: list[str | None] = []
        self.text = "Once."

    def rotate(self) -> None:
        self.order.append(self.order.pop(0))

    @rule(by=people)
    def join(self, by: Person) -> None:
        if self.relay.over or by.key in self.order:
            if by.key in self.order:
                with pytest.raises(PlaysAlready):
                    rules.join(self.relay, by, self.now)
            return
        self.relay = rules.join(self.relay, by, self.now)
        # after everybody who is to come before it is the first player's turn again, in the order of joining
        self.order = ordered(self.relay)
        assert self.relay.players[-1].key == by.key

    @precondition(lambda self: not self.relay.over)
    @rule(by=people)
    def leave(self, by: Person) -> None:
        if by.key not in self.order:
            with pytest.raises(DoesNotPlay):
                rules.leave(self.relay, by, self.now)
            return
        self.relay = rules.leave(self.relay, by, self.now)
        self.order.remove(by.key)
        assert ordered(self.relay) == self.order

    @precondition(lambda self: not self.relay.over)
    @rule(by=people, line=lines)
    def write(self, by: Person, line: str) -> None:
        relay = self.relay
        may = not relay.working and by.key in self.order and (relay.paused or self.order[0] == by.key)
        if not may:
            with pytest.raises((NotYourTurn, ModelsTurn, NobodyPlays)):
                rules.write(relay, line, by)
            return
        self.relay = rules.write(relay, line, by)
        self.written.append(by.key)
        self.text = self.relay.text
        assert self.text.startswith(relay.text)
        assert self.text.removeprefix(relay.text) in (line, f" {line}")
        while self.order[0] != by.key:
            self.rotate()
        self.rotate()

    @precondition(lambda self: self.relay.working and not self.relay.over)
    @rule()
    def answer(self) -> None:
        before = self.relay.text
        self.relay = rules.answered(self.relay, Sentence(" And so.", None, "tales", self.relay.page, (1,), 1), self.now)
        self.written.append(None)
        self.text = before + " And so."

    @precondition(lambda self: self.relay.deadline is not None)
    @rule()
    def run_out(self) -> None:
        assert self.relay.deadline is not None
        assert RELAY.expired(self.relay, self.relay.deadline - timedelta(seconds=1)) is self.relay
        self.now = self.relay.deadline
        self.relay = RELAY.expired(self.relay, self.now)
        self.rotate()

    @precondition(lambda self: not self.relay.over)
    @rule()
    def go_on(self) -> None:
        if not self.relay.paused:
            with pytest.raises(GoesOn):
                rules.go_on(self.relay, self.now)
        elif not self.relay.working and not self.order:
            with pytest.raises(NobodyPlays):
                rules.go_on(self.relay, self.now)
        else:
            self.relay = rules.go_on(self.relay, self.now)
            assert not self.relay.paused

    @precondition(lambda self: self.relay.working)
    @rule()
    def fail(self) -> None:
        self.relay = RELAY.stalled(self.relay, self.now)
        assert self.relay.paused

    @invariant()
    def whole(self) -> None:
        """The text is the beginning and every sentence, in order; the model never writes twice in a row."""
        assert self.relay.text == self.text
        assert [each.writer for each in self.relay.sentences] == self.written
        assert all(
            not (one is None and other is None) for one, other in zip(self.written, self.written[1:], strict=False)
        )

    @invariant()
    def turns(self) -> None:
        """It is the turn of whoever is first in order; a clock runs exactly where a person is waited for."""
        assert ordered(self.relay) == self.order
        waits = not (self.relay.over or self.relay.paused or self.relay.working)
        assert (self.relay.deadline is not None) == waits
        if waits:
            assert self.relay.players
            assert self.relay.passed < len(PEOPLE)

    @invariant()
    def stored(self) -> None:
        """What is stored as JSON comes back as it was."""
        assert RELAY.load(json.loads(json.dumps(RELAY.dump(self.relay)))) == self.relay

    @invariant()
    def shown(self) -> None:
        """It fits into a message, and its buttons into what platforms allow."""
        message = RELAY.show(self.relay, 10**17, None, lambda sentence, /, *_, **facts: sentence.format(**facts))
        assert len(message.text) <= 2_000
        assert all(len(button.action.encode()) <= 64 for button in message.buttons)
        assert not (self.relay.over and message.buttons)


def ordered(relay: Relay) -> list[str]:
    """Who writes next, after them, and so on."""
    keys = [player.key for player in relay.players]
    return keys[relay.turn :] + keys[: relay.turn]


TestTurns = Turns.TestCase


def test_everybody_passed_over() -> None:
    """The relay pauses when everybody was passed over once since the last sentence."""
    relay = rules.join(begun(), PEOPLE[1], NOON)

    once = rules.pass_over(relay, NOON)
    twice = rules.pass_over(once, NOON)

    assert not once.paused
    assert twice.paused
    assert twice.next == relay.next


def test_skip_and_stop() -> None:
    """Only whoever started it or an admin skips another's turn, or ends it."""
    relay = rules.join(begun(), PEOPLE[1], NOON)
    second = rules.skip(relay, PEOPLE[0], NOON)

    for move in (lambda: rules.skip(second, PEOPLE[2], NOON), lambda: rules.stop(second, PEOPLE[1])):
        with pytest.raises(NotYourGame):
            move()

    assert rules.skip(second, PEOPLE[1], NOON).paused
    assert rules.stop(second, ADMIN).over


def test_no_end_in_sight() -> None:
    """A relay without a number of sentences ends where it becomes too long to be stored at each move."""
    sentence = Sentence(" So.", PEOPLE[0].key, "Ada", 0)
    relay = replace(begun(most=0), sentences=(sentence,) * (MOST - 1))

    after = rules.write(relay, "The end.", PEOPLE[0])

    assert not relay.over
    assert after.over


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("", "Hi.", "Hi."),
        ("Hi.", "Ho.", " Ho."),
        ("Hi. ", "Ho.", "Ho."),
        ("Hi.", " Ho.", " Ho."),
        ("雨。", "雪。", "雪。"),
        ("Hi.", '"Ho!"', ' "Ho!"'),
    ],
)
def test_appended(text: str, line: str, expected: str) -> None:
    """A space stands where two sentences would run into one, and nowhere else."""
    assert rules.appended(text, line) == expected


def test_sentences_are_refused_with_a_sentence() -> None:
    """Every refusal can be told to a person."""
    for fault in (NotYourTurn("Ada", True), NotYourTurn("Ada", False), ModelsTurn(), NobodyPlays(), GoesOn()):
        assert isinstance(fault, UserError)
        assert fault.sentence().endswith(".")
