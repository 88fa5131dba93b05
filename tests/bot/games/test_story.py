"""Who plays, when a round closes early, when a story pauses, and what a write-in appends."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.games.ballot import Candidate
from bot.games.story import Progress, closes_early, continuation, decided, seen, undone
from generators.completion import Unit

WORD = Candidate(0, " the", (1,), -1.0)
END = Candidate(1, "", (0,), -5.0, end=True)
LAST_WORDS = Candidate(2, " They slept.", (3, 0), -9.0, end=True)


@pytest.mark.parametrize(("rounds_missed", "waited_for"), [(0, True), (3, True), (4, False)])
def test_a_player_who_stays_away(rounds_missed: int, waited_for: bool) -> None:
    """Somebody who missed more than three rounds in a row is not waited for any more."""
    progress = seen(Progress(position=5), "web:Ada")

    for _ in range(rounds_missed):
        progress = decided(progress, WORD, votes=1)

    assert ("web:Ada" in progress.players) is waited_for


def test_the_first_round_lasts() -> None:
    """In the first round nobody knows yet who plays: it lasts until its deadline."""
    progress = seen(seen(Progress(), "web:Ada"), "web:Ben")

    assert not closes_early(progress, {"web:Ada", "web:Ben"}, solo=False)


def test_all_players_have_voted() -> None:
    """From the second round on a round closes when every player has voted."""
    progress = seen(seen(Progress(position=1), "web:Ada"), "web:Ben")

    assert not closes_early(progress, {"web:Ada"}, solo=False)
    assert closes_early(progress, {"web:Ada", "web:Ben"}, solo=False)


def test_one_player_alone() -> None:
    """One player alone never closes a round early, except in a solo story, where even the first one closes at once."""
    alone = seen(Progress(position=4), "web:Ada")

    assert not closes_early(alone, {"web:Ada"}, solo=False)
    assert closes_early(alone, {"web:Ada"}, solo=True)
    assert closes_early(seen(Progress(), "web:Ada"), {"web:Ada"}, solo=True)
    assert not closes_early(alone, (), solo=True)


def test_three_idle_rounds() -> None:
    """Three rounds in a row without a vote pause the story; a vote starts the count again."""
    progress = Progress()

    for votes in (0, 0, 1, 0, 0):
        progress = decided(progress, WORD, votes)

    assert not progress.pauses
    assert decided(progress, WORD, votes=0).pauses


def test_the_end_wins() -> None:
    """The bare end ends the story without a unit; last words are appended first."""
    assert decided(Progress(position=3), END, votes=1) == Progress(position=3, ended=True)
    assert decided(Progress(position=3), LAST_WORDS, votes=1) == Progress(position=4, ended=True)


def test_nothing_to_take_back() -> None:
    """A story without units cannot go back."""
    with pytest.raises(ValueError, match="nothing to undo"):
        undone(Progress())


@pytest.mark.parametrize(
    ("text", "typed", "unit", "appended"),
    [
        ("Once upon a", "time", Unit.WORD, " time"),
        ("Once upon a ", "time", Unit.WORD, "time"),
        ("Once upon a", " time", Unit.WORD, " time"),
        ("", "Once", Unit.WORD, "Once"),
        ("Once", ",", Unit.WORD, ","),
        ("Once", "(or twice)", Unit.WORD, " (or twice)"),
        ("She said (", "softly", Unit.WORD, "softly"),
        ('She said "', "no", Unit.WORD, "no"),
        ('She said "no"', "and", Unit.WORD, " and"),
        ("well-", "known", Unit.WORD, "known"),
        ("むかし", "むかし", Unit.WORD, "むかし"),
        ("It rained.", "They slept.", Unit.SENTENCE, " They slept."),
        ("Once", "u", Unit.TOKEN, "u"),
        ("Once", "␣u", Unit.TOKEN, " u"),
        ("Once", "⏎Then", Unit.WORD, "\nThen"),
    ],
)
def test_what_a_write_in_appends(text: str, typed: str, unit: Unit, appended: str) -> None:
    """Words and sentences get the space that a chat strips; `␣` and `⏎` may be typed."""
    assert continuation(text, typed, unit) == appended


class Telling(RuleBasedStateMachine):
    """Joining, deciding and undoing, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.progress = Progress()
        self.units = 0

    @precondition(lambda self: not self.progress.ended)
    @rule(person=st.sampled_from(["a", "b", "c"]))
    def join(self, person: str) -> None:
        self.progress = seen(self.progress, person)
        assert person in self.progress.players

    @precondition(lambda self: not self.progress.ended)
    @rule(winner=st.sampled_from([WORD, WORD, WORD, END, LAST_WORDS]), votes=st.integers(0, 2))
    def decide(self, winner: Candidate, votes: int) -> None:
        idle = self.progress.idle
        self.progress = decided(self.progress, winner, votes)
        self.units += winner is not END
        assert self.progress.idle == (0 if votes else idle + 1)
        assert self.progress.ended is winner.end

    @precondition(lambda self: self.units)
    @rule()
    def undo(self) -> None:
        self.progress = undone(self.progress)
        self.units -= 1

    @precondition(lambda self: self.progress.ended)
    @rule()
    def begin_again(self) -> None:
        self.progress, self.units = Progress(), 0

    @invariant()
    def the_position_is_the_number_of_units(self) -> None:
        assert self.progress.position == self.units

    @invariant()
    def closing_early_needs_every_player(self) -> None:
        players = self.progress.players
        assert closes_early(self.progress, players, solo=False) is (self.units > 0 and len(players) >= 2)
        for person in players:
            assert not closes_early(self.progress, players - {person}, solo=False)


TestTelling = Telling.TestCase
TestTelling.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
