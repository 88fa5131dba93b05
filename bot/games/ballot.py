"""A ballot: candidates, votes, and what follows from them. No clock, no I/O, no randomness that is not handed in."""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from bot.games.errors import EmptyWriteIn, NoSuchCandidate, OnTheBallot, RoundOver, WroteAlready
from bot.text import checked, is_visible
from generators.errors import Phrase

LONGEST_WRITE_IN: Final = 100  # characters; it has to fit a line of the ballot, and nearly a button
THE_END: Final = "The end"

Reason: TypeAlias = Literal["votes", "tie", "no votes"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that could stand next in the text.

    Attributes:
        slot: its number on the ballot, from 0; stays the same as long as the round is known.
        text: what is appended when it wins; nothing for the bare end.
        token_ids: the same as the model reads it.
        logprob: natural logarithm of its probability over the whole vocabulary at temperature 1; None if unknown.
        end: whether the story ends with it.
        writer: the person who wrote it in.
    """

    slot: int
    text: str
    token_ids: tuple[int, ...]
    logprob: float | None
    end: bool = False
    writer: str | None = None

    @property
    def bare_end(self) -> bool:
        """Whether it ends the story without a further word."""
        return self.end and not self.text


@dataclass(frozen=True, slots=True)
class Ballot:
    """What is voted on, and how; every change makes a new one.

    Attributes:
        candidates: in the order of their slots.
        votes: person to slot.
        open: whether it still takes votes.
    """

    candidates: tuple[Candidate, ...]
    votes: Mapping[str, int] = field(default_factory=dict)
    open: bool = True

    @property
    def writers(self) -> Mapping[str, Candidate]:
        """Who wrote in what."""
        return {candidate.writer: candidate for candidate in self.candidates if candidate.writer is not None}

    @property
    def tally(self) -> Counter[int]:
        """Votes by slot."""
        return Counter(self.votes.values())

    def at(self, slot: int) -> Candidate:
        """The candidate in a slot.

        Raises:
            NoSuchCandidate: there is none.
        """
        for candidate in self.candidates:
            if candidate.slot == slot:
                return candidate
        raise NoSuchCandidate


def vote(ballot: Ballot, person: str, slot: int) -> Ballot:
    """The ballot after a person's vote, which takes the place of an earlier one.

    Raises:
        RoundOver: the ballot is closed.
        NoSuchCandidate: the slot is empty.
    """
    if not ballot.open:
        raise RoundOver
    return replace(ballot, votes={**ballot.votes, person: ballot.at(slot).slot})


def acceptable(ballot: Ballot, person: str, text: str, the_end: str = THE_END) -> str:
    """A write-in, once it is sure that this person may add it.

    Args:
        the_end: what the bare end of the story reads like on this ballot.

    Raises:
        RoundOver: the ballot is closed.
        TooLong, UnusableText: see `bot.text.checked`.
        EmptyWriteIn: nothing of it would be seen.
        WroteAlready: the person has written in before.
        OnTheBallot: it reads like one of the candidates.
    """
    if not ballot.open:
        raise RoundOver
    checked(text.lstrip(" "), Phrase("a write-in"), LONGEST_WRITE_IN)
    if not any(map(is_visible, text)):
        raise EmptyWriteIn
    if (written := ballot.writers.get(person)) is not None:
        raise WroteAlready(written.text.strip())
    for candidate in ballot.candidates:
        if as_read(candidate.text or the_end) == as_read(text):
            raise OnTheBallot(candidate.text.strip() or Phrase("The end"))
    return text


def write_in(ballot: Ballot, person: str, text: str, token_ids: tuple[int, ...], logprob: float | None) -> Ballot:
    """The ballot with one candidate more, which has its writer's vote.

    Raises:
        UserError: as `acceptable` does.
    """
    acceptable(ballot, person, text)
    slot = max((candidate.slot for candidate in ballot.candidates), default=-1) + 1
    written = Candidate(slot, text, token_ids, logprob, writer=person)
    return vote(replace(ballot, candidates=(*ballot.candidates, written)), person, slot)


def close(ballot: Ballot) -> Ballot:
    """The ballot when it takes no more votes.

    Raises:
        RoundOver: it was closed before.
    """
    if not ballot.open:
        raise RoundOver
    return replace(ballot, open=False)


def decide(ballot: Ballot, temperature: float, draw: float) -> Candidate:
    """The winner of a closed ballot.

    Most votes win. Tied candidates, or all of them when nobody voted, are drawn in proportion to p^(1/T).

    Args:
        ballot: closed, with at least one candidate.
        temperature: T of the place, at least 0; 0 takes the likeliest.
        draw: uniform in [0, 1), from the round's recorded seed, so that a replay decides alike.

    Raises:
        ValueError: the ballot is still open, or empty.
    """
    if ballot.open or not ballot.candidates:
        raise ValueError("only a closed ballot with candidates can be decided")
    return drawn(leaders(ballot), temperature, draw)


def leaders(ballot: Ballot) -> list[Candidate]:
    """The candidates with most votes; all of them when nobody voted."""
    votes = ballot.tally
    most = max(votes.values(), default=0)
    return [candidate for candidate in ballot.candidates if votes[candidate.slot] == most]


def reason(ballot: Ballot) -> Reason:
    """Why the winner of this ballot is the winner."""
    if not ballot.votes:
        return "no votes"
    return "votes" if len(leaders(ballot)) == 1 else "tie"


def drawn(candidates: Sequence[Candidate], temperature: float, draw: float) -> Candidate:
    """One of the candidates, in proportion to p^(1/T); the first of the likeliest at T = 0.

    A candidate whose probability is unknown counts as the least likely of the others.

    Raises:
        ValueError: there are no candidates, T is below 0, or the draw is outside [0, 1).
    """
    if not candidates or not temperature >= 0 or not 0 <= draw < 1:
        raise ValueError("needs candidates, a temperature of at least 0 and a draw in [0, 1)")
    known = [candidate.logprob for candidate in candidates if candidate.logprob is not None]
    least = min(known, default=0.0)
    logprobs = [least if candidate.logprob is None else candidate.logprob for candidate in candidates]
    best = max(logprobs)
    if temperature == 0:
        return candidates[logprobs.index(best)]
    # Relative to the best, so that a small T underflows to 0 instead of overflowing, and one weight is always 1.
    weights = [1.0 if logprob == best else math.exp((logprob - best) / temperature) for logprob in logprobs]
    target = draw * math.fsum(weights)
    passed = 0.0
    for candidate, weight in zip(candidates, weights, strict=True):
        passed += weight
        if target < passed:
            return candidate
    return candidates[logprobs.index(best)]  # the sum's last bit was lost on the way


def uniform(seed: int) -> float:
    """The draw in [0, 1) that a round's recorded seed stands for.

    The first 53 bits of BLAKE2b over the seed's eight bytes, little-endian: the same on every machine and Python.
    """
    digest = hashlib.blake2b(seed.to_bytes(8, "little"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) * 2.0**-53


def as_read(text: str) -> str:
    """What a reader takes a text for: canonical characters, without those that cannot be seen.

    White space inside it counts as one space, at its ends as nothing.
    """
    shown = "".join(
        character for character in unicodedata.normalize("NFC", text) if is_visible(character) or character.isspace()
    )
    return unicodedata.normalize("NFC", " ".join(shown.split()))
