"""Writes an exported story again from its tokens, votes and seeds, and says where the record does not follow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.games import ballot as ballots
from bot.games.ballot import Ballot, Candidate
from bot.games.errors import UnreadableStory
from bot.text import SURROGATES
from generators.errors import Translate, english

FORMAT: Final = "planchette-story"
VERSION: Final = 1
DECIDED: Final = frozenset({"closed", "undone"})
STATES: Final = DECIDED | {"open", "dropped"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Replay:
    """A story written again.

    Attributes:
        text: as it follows from votes and seeds.
        rounds: how many were decided again, undone ones among them.
        model: a sentence where the model is not installed in the version that wrote the story.
        differences: a sentence for each place where the record says something else.
    """

    text: str
    rounds: int
    model: str | None
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordedRound:
    """A round as an export has it; `ballot` is closed."""

    position: int
    attempt: int
    state: str
    seed: int
    temperature: float
    ballot: Ballot
    winner: int | None

    def decided(self) -> Candidate | None:
        """What wins by votes and seed, if the round was ever decided."""
        if self.state not in DECIDED:
            return None
        return ballots.decide(self.ballot, self.temperature, ballots.uniform(self.seed))


@dataclass(frozen=True, slots=True)
class Record:
    """An exported story, once its form is sure.

    Attributes:
        model, version: what wrote it.
        start: the text that it began with.
        rounds: in the order in which they were opened.
        units: text and token ids at each position.
        text: the whole story.
    """

    model: str
    version: str
    start: str
    rounds: tuple[RecordedRound, ...]
    units: tuple[tuple[str, tuple[int, ...]], ...]
    text: str


def replay(document: object, versions: Mapping[str, str], translate: Translate = english) -> Replay:
    """Decides every round again and appends what wins.

    Args:
        document: an exported story, parsed from its JSON.
        versions: name to version of the models that are installed.

    Raises:
        UnreadableStory: it is not an exported story, or a part of it is missing or malformed.
    """
    record = recorded(document)
    text = record.start + "".join(winner.text for winner in _winners(record).values())
    return Replay(
        text,
        sum(round_.state in DECIDED for round_ in record.rounds),
        _model(record, versions, translate),
        tuple(_differences(record, text, translate)),
    )


def _winners(record: Record) -> dict[int, Candidate]:
    """What stands at each position: the winners of the rounds that were not taken back."""
    winners = {
        round_.position: winner
        for round_ in record.rounds
        if round_.state == "closed" and (winner := round_.decided()) is not None
    }
    return {position: winners[position] for position in sorted(winners)}


def _model(record: Record, versions: Mapping[str, str], translate: Translate) -> str | None:
    installed = versions.get(record.model)
    if installed is None:
        return translate("The model {name} ({version}) is not installed.", name=record.model, version=record.version)
    if installed == record.version:
        return None
    return translate(
        "The story was written with version {recorded} of {name}; installed is {installed}.",
        recorded=record.version,
        name=record.model,
        installed=installed,
    )


def _differences(record: Record, text: str, translate: Translate) -> Iterator[str]:
    for round_ in record.rounds:
        winner = round_.decided()
        if winner is not None and winner.slot != round_.winner:
            yield translate(
                "Round {number}, attempt {attempt}: the record says candidate {recorded} won, "
                "but its votes and its seed give candidate {winner}.",
                number=round_.position + 1,
                attempt=round_.attempt,
                recorded=round_.winner,
                winner=winner.slot,
            )
    units = [(winner.text, winner.token_ids) for winner in _winners(record).values() if not winner.bare_end]
    for number, (told, decided) in enumerate(zip(record.units, units, strict=False), 1):
        if told != decided:
            yield translate("Unit {number} of the text is not what its round decided.", number=number)
    if len(record.units) != len(units):
        yield translate(
            "The record has {units} units, but its rounds decided {decided}.",
            units=len(record.units),
            decided=len(units),
        )
    if record.text != text:
        yield translate("The text of the record is not the text that follows from its rounds.")


def recorded(document: object) -> Record:
    """Reads an exported story.

    Raises:
        UnreadableStory: it is not one, or a part of it is missing or malformed.
    """
    top = _a(dict, document, "it is not a JSON object")
    if top.get("format") != FORMAT:
        raise UnreadableStory(f"its format is not «{FORMAT}»")
    if top.get("version") != VERSION:
        raise UnreadableStory(f"it is of another version than {VERSION}, which this program reads")
    model, start = _field(top, "model", dict, "the story"), _field(top, "start", dict, "the story")
    rounds = tuple(
        _round(item, f"round {number}") for number, item in enumerate(_field(top, "rounds", list, "the story"), 1)
    )
    closed = [round_.position for round_ in rounds if round_.state == "closed"]
    if sorted(closed) != list(range(len(closed))):
        raise UnreadableStory("its closed rounds leave a gap, or two of them stand at one position")
    units = enumerate(_field(top, "units", list, "the story"), 1)
    return Record(
        model=_text(model, "name", "the model"),
        version=_text(model, "version", "the model"),
        start=_text(start, "text", "the start"),
        rounds=rounds,
        units=tuple(_unit(item, f"unit {number}") for number, item in units),
        text=_text(top, "text", "the story"),
    )


def _round(item: object, where: str) -> RecordedRound:
    fields = _a(dict, item, f"{where} is not an object")
    state = _text(fields, "state", where)
    if state not in STATES:
        raise UnreadableStory(f"{where} has a state that there is not")
    candidates = tuple(
        _candidate(each, f"candidate {number} of {where}")
        for number, each in enumerate(_field(fields, "candidates", list, where), 1)
    )
    slots = [candidate.slot for candidate in candidates]
    if not candidates or len(set(slots)) != len(slots):
        raise UnreadableStory(f"{where} has no candidates, or two in one slot")
    votes = {}
    for number, each in enumerate(_field(fields, "votes", list, where), 1):
        vote = _a(dict, each, f"vote {number} of {where} is not an object")
        person, slot = (_whole(vote, key, f"vote {number} of {where}") for key in ("person", "slot"))
        if slot not in slots or str(person) in votes:
            raise UnreadableStory(f"vote {number} of {where} is for no candidate, or a second one of the same person")
        votes[str(person)] = slot
    temperature = _number(fields, "temperature", where)
    if temperature is None and state in DECIDED:
        raise UnreadableStory(f"{where} has no usable «temperature»")
    if temperature is not None and temperature < 0:
        raise UnreadableStory(f"{where} has a temperature below 0")
    seed = _whole(fields, "seed", where)
    if seed >= 2**63:
        raise UnreadableStory(f"{where} has a seed that is too large")
    return RecordedRound(
        position=_whole(fields, "position", where),
        attempt=_whole(fields, "attempt", where),
        state=state,
        seed=seed,
        temperature=1.0 if temperature is None else temperature,
        ballot=Ballot(candidates, votes, open=False),
        winner=None if fields.get("winner") is None else _whole(fields, "winner", where),
    )


def _candidate(item: object, where: str) -> Candidate:
    fields = _a(dict, item, f"{where} is not an object")
    return Candidate(
        slot=_whole(fields, "slot", where),
        text=_text(fields, "text", where),
        token_ids=_tokens(fields, where),
        logprob=_number(fields, "logprob", where),
        end=_field(fields, "end", bool, where),
    )


def _unit(item: object, where: str) -> tuple[str, tuple[int, ...]]:
    fields = _a(dict, item, f"{where} is not an object")
    return _text(fields, "text", where), _tokens(fields, where)


def _tokens(fields: Mapping[str, object], where: str) -> tuple[int, ...]:
    tokens = _field(fields, "token_ids", list, where)
    if not all(type(token) is int and token >= 0 for token in tokens):
        raise UnreadableStory(f"{where} has token ids that are not whole numbers from 0 up")
    return tuple(tokens)


def _whole(fields: Mapping[str, object], key: str, where: str) -> int:
    number = fields.get(key)
    if type(number) is not int or number < 0:
        raise UnreadableStory(f"{where} has no usable «{key}»")
    return number


def _number(fields: Mapping[str, object], key: str, where: str) -> float | None:
    number = fields.get(key)
    if number is None:
        return None
    if type(number) not in {int, float} or not isinstance(number, int | float) or abs(number) > 1e300:
        raise UnreadableStory(f"{where} has no usable «{key}»")
    if math.isnan(number):
        raise UnreadableStory(f"{where} has no usable «{key}»")
    return float(number)


def _text(fields: Mapping[str, object], key: str, where: str) -> str:
    text = _field(fields, key, str, where)
    if SURROGATES.search(text):
        raise UnreadableStory(f"{where} has half a character in its «{key}»")
    return text


def _field(fields: Mapping[str, object], key: str, kind: type[T], where: str) -> T:
    return _a(kind, fields.get(key), f"{where} has no usable «{key}»")


def _a(kind: type[T], value: object, otherwise: str) -> T:
    if not isinstance(value, kind):
        raise UnreadableStory(otherwise)
    return value
