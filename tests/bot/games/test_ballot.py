"""A ballot counts each person once, and decides alike from the same seed."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.games import ballot as ballots
from bot.games.ballot import Ballot, Candidate
from bot.games.errors import EmptyWriteIn, NoSuchCandidate, OnTheBallot, RoundOver, WroteAlready
from bot.text import TooLong, UnusableText
from generators.errors import UserError

ADA, BEN = "web:Ada", "web:Ben"


def ballot_of(*probabilities: float) -> Ballot:
    """A ballot of words with these probabilities."""
    words = (" the", " a", " every", " no", " my")
    return Ballot(
        tuple(
            Candidate(slot, words[slot], (slot,), math.log(probability) if probability else -math.inf)
            for slot, probability in enumerate(probabilities)
        )
    )


def test_most_votes_win() -> None:
    """The candidate with most votes wins, however unlikely it is."""
    ballot = ballot_of(0.9, 0.01)
    ballot = ballots.vote(ballot, ADA, 1)

    winner = ballots.decide(ballots.close(ballot), 0.0, 0.0)

    assert winner.slot == 1


def test_a_vote_can_be_changed() -> None:
    """A person's second vote takes the place of the first."""
    ballot = ballots.vote(ballot_of(0.5, 0.3), ADA, 0)

    changed = ballots.vote(ballot, ADA, 1)

    assert changed.votes == {ADA: 1}
    assert ballot.votes == {ADA: 0}


def test_an_empty_slot() -> None:
    """A vote for a slot that the ballot does not have is refused."""
    with pytest.raises(NoSuchCandidate):
        ballots.vote(ballot_of(0.5), ADA, 1)


def test_a_closed_ballot() -> None:
    """A closed ballot takes neither votes nor write-ins, and is not closed again."""
    closed = ballots.close(ballot_of(0.5))

    with pytest.raises(RoundOver):
        ballots.vote(closed, ADA, 0)
    with pytest.raises(RoundOver):
        ballots.write_in(closed, ADA, " dragon", (7,), -9.0)
    with pytest.raises(RoundOver):
        ballots.close(closed)


def test_a_write_in_is_its_writers_vote() -> None:
    """A write-in joins the candidates in the next slot, with one vote."""
    ballot = ballots.write_in(ballot_of(0.5, 0.3), ADA, " dragon", (7, 8), -9.0)

    assert ballot.at(2) == Candidate(2, " dragon", (7, 8), -9.0, writer=ADA)
    assert ballot.votes == {ADA: 2}


def test_one_write_in_each() -> None:
    """A person's second write-in in a round is refused."""
    ballot = ballots.write_in(ballot_of(0.5), ADA, " dragon", (7,), -9.0)

    with pytest.raises(WroteAlready) as caught:
        ballots.write_in(ballot, ADA, " knight", (8,), -9.0)

    assert "«dragon»" in caught.value.sentence()


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", EmptyWriteIn),
        (" \n\t", EmptyWriteIn),
        ("\u200b\u2060\ufeff", EmptyWriteIn),
        ("\u3164\ufe0f", EmptyWriteIn),
        (" the", OnTheBallot),
        ("the", OnTheBallot),
        ("\u200bthe\u200b", OnTheBallot),
        ("cafe\u0301", OnTheBallot),
        ("The end", OnTheBallot),
        ("x" * 101, TooLong),
        ("a\0", UnusableText),
        ("\ud800", UnusableText),
        ("\u202eeht", UnusableText),
    ],
)
def test_write_ins_that_are_refused(text: str, refusal: type[UserError]) -> None:
    """Nothing to see, what is there already, too long, or unusable: one sentence that can be stored."""
    ballot = Ballot(
        (*ballot_of(0.5).candidates, Candidate(1, "café", (9,), -2.0), Candidate(2, "", (0,), -3.0, end=True))
    )

    with pytest.raises(refusal) as caught:
        ballots.acceptable(ballot, ADA, text)

    assert caught.value.sentence().encode()


def test_an_end_in_another_language() -> None:
    """What reads like the end as a ballot shows it is refused, whatever the ballot's language."""
    ballot = Ballot((Candidate(0, "", (1,), -1.0, end=True),))

    with pytest.raises(OnTheBallot):
        ballots.acceptable(ballot, ADA, " Das Ende", "Das Ende")


def test_a_tie_is_drawn_in_proportion() -> None:
    """Over many draws, tied candidates win as often as p^(1/T) says."""
    ballot = ballot_of(0.4, 0.1, 0.5)
    ballot = ballots.close(ballots.vote(ballots.vote(ballot, ADA, 0), BEN, 1))

    wins = Counter(ballots.decide(ballot, 0.5, (step + 0.5) / 1700).slot for step in range(1700))

    assert wins == {0: 1600, 1: 100}


def test_no_votes_are_drawn_from_all() -> None:
    """Without votes every candidate can win, the likelier the more."""
    ballot = ballots.close(ballot_of(0.2, 0.6))

    wins = Counter(ballots.decide(ballot, 1.0, (step + 0.5) / 400).slot for step in range(400))

    assert wins == {0: 100, 1: 300}


@pytest.mark.parametrize("temperature", [0.0, 1e-320, 0.001])
def test_cold_draws_take_the_likeliest(temperature: float) -> None:
    """At temperature 0, and near it, the likeliest wins, without an overflow."""
    ballot = ballots.close(ballot_of(1e-300, 0.2, 0.0, 0.19))

    assert {ballots.decide(ballot, temperature, draw).slot for draw in (0.0, 0.5, 1 - 2**-53)} == {1}


def test_sentences_far_below_the_smallest_number() -> None:
    """Total log probabilities of sentences, whose probabilities are all 0 as numbers, are still told apart."""
    sentences = tuple(Candidate(slot, str(slot), (slot,), -2000.0 - slot * math.log(3)) for slot in range(2))

    wins = Counter(ballots.drawn(sentences, 1.0, (step + 0.5) / 400).slot for step in range(400))

    assert wins == {0: 300, 1: 100}


@pytest.mark.parametrize("logprob", [None, -math.inf])
def test_candidates_without_a_probability(logprob: float | None) -> None:
    """Where no candidate has a probability, all are equally likely."""
    unknown = tuple(Candidate(slot, str(slot), (slot,), logprob) for slot in range(4))

    assert [ballots.drawn(unknown, 0.7, draw).slot for draw in (0.0, 0.25, 0.5, 0.75)] == [0, 1, 2, 3]


def test_deciding_what_is_open_or_empty() -> None:
    """Only a closed ballot with candidates can be decided."""
    with pytest.raises(ValueError, match="closed"):
        ballots.decide(ballot_of(0.5), 1.0, 0.0)
    with pytest.raises(ValueError, match="closed"):
        ballots.decide(Ballot((), open=False), 1.0, 0.0)


def test_the_draw_of_a_seed_never_changes() -> None:
    """Recorded stories are replayed years later: these numbers are for ever."""
    assert [ballots.uniform(seed) for seed in (0, 1, 2**63 - 1)] == [
        0.7891985391709461,
        0.19929101962785367,
        0.172043109480023,
    ]


@given(st.integers(0, 2**63 - 1))
def test_every_seed_has_a_draw(seed: int) -> None:
    """A seed's draw is in [0, 1)."""
    assert 0 <= ballots.uniform(seed) < 1


@given(
    st.lists(st.floats(max_value=0, allow_nan=False) | st.none(), min_size=1, max_size=8),
    st.floats(0, 5),
    st.floats(0, 1, exclude_max=True),
)
def test_something_is_always_drawn(logprobs: list[float | None], temperature: float, draw: float) -> None:
    """Whatever the probabilities, the temperature and the draw, one of the candidates wins."""
    candidates = [Candidate(slot, str(slot), (slot,), logprob) for slot, logprob in enumerate(logprobs)]

    assert ballots.drawn(candidates, temperature, draw) in candidates


def words(ballot: Ballot) -> set[str]:
    """The candidates as a reader takes them."""
    return {ballots.as_read(candidate.text) for candidate in ballot.candidates}


class Voting(RuleBasedStateMachine):
    """Votes, changes, write-ins, closing and deciding, in any order, against plain counting."""

    people = st.sampled_from(["web:Ada", "web:Ben", "web:Cleo", "web:Dan"])

    @initialize(probabilities=st.lists(st.floats(0, 0.2), min_size=1, max_size=5))
    def open(self, probabilities: list[float]) -> None:
        self.ballot = ballot_of(*probabilities)
        self.expected: dict[str, int] = {}
        self.written: set[str] = set()

    @precondition(lambda self: self.ballot.open)
    @rule(person=people, slot=st.integers(0, 8))
    def vote(self, person: str, slot: int) -> None:
        if slot < len(self.ballot.candidates):
            self.ballot = ballots.vote(self.ballot, person, slot)
            self.expected[person] = slot
        else:
            with pytest.raises(NoSuchCandidate):
                ballots.vote(self.ballot, person, slot)

    @precondition(lambda self: self.ballot.open)
    @rule(person=people, text=st.text(max_size=3) | st.sampled_from([" dragon", "the", "a"]))
    def write(self, person: str, text: str) -> None:
        before = self.ballot
        try:
            self.ballot = ballots.write_in(before, person, text, (99,), -12.0)
        except (TooLong, UnusableText):
            assert set(text) & set("\0\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
        except UserError:
            assert person in self.written or not ballots.as_read(text) or ballots.as_read(text) in words(before)
        else:
            assert person not in self.written
            self.written.add(person)
            self.expected[person] = len(before.candidates)

    @precondition(lambda self: self.ballot.open and self.expected)
    @rule()
    def close(self) -> None:
        self.ballot = ballots.close(self.ballot)

    @precondition(lambda self: not self.ballot.open)
    @rule(person=people, temperature=st.floats(0, 5), seed=st.integers(0, 2**63 - 1))
    def decide(self, person: str, temperature: float, seed: int) -> None:
        winner = ballots.decide(self.ballot, temperature, ballots.uniform(seed))

        most = max(Counter(self.expected.values()).values())
        assert Counter(self.expected.values())[winner.slot] == most
        assert winner == ballots.decide(replace(self.ballot), temperature, ballots.uniform(seed))
        with pytest.raises(RoundOver):
            ballots.vote(self.ballot, person, winner.slot)

    @invariant()
    def everybody_counts_once(self) -> None:
        assert self.ballot.votes == self.expected
        assert sum(self.ballot.tally.values()) == len(self.expected)

    @invariant()
    def slots_are_stable_and_all_different(self) -> None:
        assert [candidate.slot for candidate in self.ballot.candidates] == list(range(len(self.ballot.candidates)))
        assert len(words(self.ballot)) == len(self.ballot.candidates)


TestVoting = Voting.TestCase
TestVoting.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
