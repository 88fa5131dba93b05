"""A relay as a value, and as the JSON that is stored of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, NamedTuple

MOST: Final = 1_000  # sentences; each move stores the whole text anew


class Player(NamedTuple):
    """Somebody who plays."""

    key: str
    name: str


class Sentence(NamedTuple):
    """Something that was written.

    Attributes:
        text: as it is appended, with the space before it.
        writer: a person's key; None for the model.
        name: theirs, or the model's.
        page: of the message on which it was written.
        token_ids: as the model reads it; None until it does.
        seed: decided the model's.
    """

    text: str
    writer: str | None
    name: str
    page: int
    token_ids: tuple[int, ...] | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Relay:
    """A relay at one moment; every change makes a new one.

    Attributes:
        model: its name and version.
        temperature: of its draws; None for the model's own.
        seconds: that a person has for a sentence.
        most: sentences in all; 0 for as many as there may be.
        seed: from which each of the model's sentences has its own.
        started_by: a person's key.
        beginning: the text that it starts from, and its token ids once the model has read it.
        players: in the order of their turns.
        turn: whose sentence is next among them, now or after the model's.
        sentences: in order.
        passed: people who did not write in time, in a row.
        page: counts the messages.
        working: whether it is the model's turn.
        paused: whether it waits until somebody writes or presses.
        ended: whether it was stopped, or the model has ended the text.
        deadline: when the next person's turn comes.
    """

    model: str
    temperature: float | None
    seconds: float
    most: int
    seed: int
    started_by: str
    beginning: str
    players: tuple[Player, ...]
    start_ids: tuple[int, ...] | None = None
    turn: int = 0
    sentences: tuple[Sentence, ...] = ()
    passed: int = 0
    page: int = 0
    working: bool = False
    paused: bool = False
    ended: bool = False
    deadline: datetime | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will be written."""
        return self.ended or len(self.sentences) >= (self.most or MOST)

    @property
    def text(self) -> str:
        """All that was written."""
        return self.beginning + "".join(sentence.text for sentence in self.sentences)

    @property
    def next(self) -> Player | None:
        """Who writes the next sentence of a person; None where nobody plays."""
        return self.players[self.turn] if self.players else None

    def plays(self, person: str) -> bool:
        """Whether somebody is among the players."""
        return any(player.key == person for player in self.players)


def load(state: dict[str, Any]) -> Relay:
    """A relay from JSON."""
    ids, deadline = state["start_ids"], state["deadline"]
    lists = {
        "players": tuple(Player(*player) for player in state["players"]),
        "sentences": tuple(_sentence(*sentence) for sentence in state["sentences"]),
        "start_ids": None if ids is None else tuple(ids),
        "deadline": None if deadline is None else datetime.fromisoformat(deadline),
    }
    return Relay(**{**state, **lists})


def dump(relay: Relay) -> dict[str, Any]:
    """A relay as JSON."""
    state = {field.name: getattr(relay, field.name) for field in fields(relay)}  # `asdict` copies each token id
    return {**state, "deadline": None if relay.deadline is None else relay.deadline.isoformat()}


def _sentence(
    text: str, writer: str | None, name: str, page: int, token_ids: list[int] | None, seed: int | None
) -> Sentence:
    return Sentence(text, writer, name, page, None if token_ids is None else tuple(token_ids), seed)
