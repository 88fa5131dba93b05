"""Relay: people and a model write a sentence each, in turns, against a clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from bot.conversation import Attachment, Button, Message, Person, Place
from bot.games import export, pen
from bot.games import show as looks
from bot.games.actions import Play
from bot.games.errors import UnknownButton
from bot.games.house import House
from bot.games.kinds import Kind, NotYourGame, Rule
from bot.games.story import unspaced
from bot.text import checked, is_visible
from generators.completion import Unit
from generators.errors import Phrase, Translate, UserError, english

LONGEST_SENTENCE: Final = 300  # characters
NAME: Final = 24  # characters of a name
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


@dataclass(eq=False)
class NotYourTurn(UserError):
    """A sentence of somebody else than the one who is to write."""

    name: str
    plays: bool

    def sentence(self, translate: Translate = english) -> str:
        if self.plays:
            return translate("It is {name}'s turn; yours comes.", name=self.name)
        return translate("It is {name}'s turn; /relay join gives you one of your own.", name=self.name)


@dataclass(eq=False)
class NobodyPlays(UserError):
    """A sentence where all players have left."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("Nobody plays just now; /relay join gives you a turn.")


@dataclass(eq=False)
class ModelsTurn(UserError):
    """A sentence while the model writes."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("It is the model's turn; wait for its sentence.")


@dataclass(eq=False)
class EmptySentence(UserError):
    """A sentence of which nothing would be seen."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("A sentence needs at least one character that can be seen.")


@dataclass(eq=False)
class PlaysAlready(UserError):
    """Somebody joined twice."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("You play along already; your turn comes.")


@dataclass(eq=False)
class DoesNotPlay(UserError):
    """Somebody left who was not there."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("You do not play along; /relay join gives you a turn.")


@dataclass(eq=False)
class GoesOn(UserError):
    """A relay that is not paused was to go on."""

    def sentence(self, translate: Translate = english) -> str:
        return translate("The relay is going on already.")


def join(relay: Relay, by: Person, at: datetime) -> Relay:
    """Somebody more plays, after all the others; who comes to an empty table begins at once.

    Raises:
        PlaysAlready: they do.
    """
    if relay.plays(by.key):
        raise PlaysAlready
    joined = replace(relay, players=(*relay.players, Player(by.key, by.name)))
    return joined if relay.players or relay.working else _turn(replace(joined, turn=0), at)


def leave(relay: Relay, by: Person, at: datetime) -> Relay:
    """One player fewer; whose turn it was, the next one has it, with all the time.

    Raises:
        DoesNotPlay: they did not.
    """
    place = next((place for place, player in enumerate(relay.players) if player.key == by.key), None)
    if place is None:
        raise DoesNotPlay
    left = relay.players[:place] + relay.players[place + 1 :]
    turn = relay.turn - (place < relay.turn)
    after = replace(relay, players=left, turn=turn % len(left) if left else 0)
    if not left:
        return replace(after, passed=0, paused=relay.paused or not relay.working, deadline=None)
    return _turn(after, at) if place == relay.turn and not (relay.working or relay.paused) else after


def write(relay: Relay, text: str, by: Person) -> Relay:
    """A person's sentence, after which it is the model's turn. In a pause any player may write.

    Raises:
        UserError: it is not theirs to write, or not to be used.
    """
    checked(text, Phrase("a sentence"), LONGEST_SENTENCE)
    if not any(map(is_visible, text)):
        raise EmptySentence
    if relay.working:
        raise ModelsTurn
    if relay.next is None:
        raise NobodyPlays
    place = next((place for place, player in enumerate(relay.players) if player.key == by.key), None)
    if place is None or not (relay.paused or place == relay.turn):
        raise NotYourTurn(_name(relay.next.name), place is not None)
    written = Sentence(appended(relay.text, text), by.key, by.name, relay.page)
    after = replace(
        relay,
        sentences=(*relay.sentences, written),
        turn=(place + 1) % len(relay.players),
        passed=0,
        working=True,
        paused=False,
        deadline=None,
    )
    return _ended(after) if after.over else after


def pass_over(relay: Relay, at: datetime) -> Relay:
    """The next one's turn; once everybody was passed over in a row, nobody's until somebody writes or presses."""
    passed = relay.passed + 1
    after = replace(relay, turn=(relay.turn + 1) % max(1, len(relay.players)), passed=passed)
    if passed >= len(relay.players):
        return replace(after, paused=True, deadline=None)
    return replace(after, deadline=at + timedelta(seconds=relay.seconds))


def skip(relay: Relay, by: Person, at: datetime) -> Relay:
    """Passes over whose turn it is; the model's too, where it fails or is slow.

    Raises:
        NotYourGame: it is another's turn, and this is neither an admin nor who started the relay.
        NobodyPlays: there is no turn.
    """
    mine = not relay.working and relay.next is not None and relay.next.key == by.key
    if not mine:
        _kept(relay, by)
    if relay.working:
        return _turn(replace(relay, working=False, page=relay.page + 1), at)
    if relay.next is None:
        raise NobodyPlays
    return pass_over(relay, at)


def stop(relay: Relay, by: Person) -> Relay:
    """The end, as it is.

    Raises:
        NotYourGame: this is neither an admin nor who started the relay.
    """
    _kept(relay, by)
    return _ended(relay)


def go_on(relay: Relay, at: datetime) -> Relay:
    """The end of a pause.

    Raises:
        GoesOn: there is none.
        NobodyPlays: nobody would write.
    """
    if not relay.paused:
        raise GoesOn
    if relay.working:
        return replace(relay, paused=False)
    if relay.next is None:
        raise NobodyPlays
    return _turn(relay, at)


def answered(relay: Relay, sentence: Sentence, at: datetime) -> Relay:
    """The model's sentence, after which it is the next person's turn."""
    after = replace(relay, sentences=(*relay.sentences, sentence), working=False, page=relay.page + 1)
    return _ended(after) if after.over else _turn(after, at)


def appended(text: str, line: str) -> str:
    """A line as it is appended to a text: with a space before it, where two words would run into one."""
    apart = not text or text[-1].isspace() or line[:1].isspace() or unspaced(text[-1])
    return line if apart else f" {line}"


def _turn(relay: Relay, at: datetime) -> Relay:
    """A fresh turn of whoever is next; a pause where nobody plays."""
    if not relay.players:
        return replace(relay, passed=0, paused=True, deadline=None)
    return replace(relay, passed=0, paused=False, deadline=at + timedelta(seconds=relay.seconds))


def _ended(relay: Relay) -> Relay:
    return replace(relay, ended=True, working=False, paused=False, deadline=None)


def _kept(relay: Relay, by: Person) -> None:
    if not by.admin and by.key != relay.started_by:
        raise NotYourGame


def _name(name: str) -> str:
    return looks.shortened(looks.readable(name), NAME)


class RelayKind(Kind[Relay]):
    """What the host needs of a relay."""

    name = "relay"
    reply = "write"
    noted = frozenset({"skip", "stop"})

    def load(self, state: dict[str, Any]) -> Relay:
        ids, deadline = state["start_ids"], state["deadline"]
        lists = {
            "players": tuple(Player(*player) for player in state["players"]),
            "sentences": tuple(_sentence(*sentence) for sentence in state["sentences"]),
            "start_ids": None if ids is None else tuple(ids),
            "deadline": None if deadline is None else datetime.fromisoformat(deadline),
        }
        return Relay(**{**state, **lists})

    def dump(self, match: Relay) -> dict[str, Any]:
        state = {field.name: getattr(match, field.name) for field in fields(match)}  # `asdict` copies each token id
        return {**state, "deadline": None if match.deadline is None else match.deadline.isoformat()}

    def act(self, match: Relay, move: str, text: str, by: Person, at: datetime) -> Relay:
        relay = self.expired(match, at)  # however late the host is
        match move:
            case "join":
                return join(relay, by, at)
            case "leave":
                return leave(relay, by, at)
            case "write":
                return write(relay, text, by)
            case "skip":
                return skip(relay, by, at)
            case "stop":
                return stop(relay, by)
            case "on":
                return go_on(relay, at)
        raise UnknownButton

    def told(self, match: Relay, move: str, by: Person, translate: Translate) -> str:
        del match
        match move:
            case "join":
                return translate("{name} plays along, and writes after the others.", name=_name(by.name))
            case "leave":
                return translate("{name} plays no longer.", name=_name(by.name))
            case "write":
                return translate("Your sentence is in the text.")
            case "skip":
                return translate("The turn was passed on.")
            case "stop":
                return translate("The relay was ended.")
        return translate("The relay goes on.")

    def expired(self, match: Relay, at: datetime) -> Relay:
        late = match.deadline is not None and match.deadline <= at
        return pass_over(match, at) if late else match

    def postponed(self, match: Relay, until: datetime) -> Relay:
        return match if match.deadline is None else replace(match, deadline=max(match.deadline, until))

    def stalled(self, match: Relay, at: datetime) -> Relay:
        del at
        return replace(match, paused=True) if match.working else match

    async def work(self, match: Relay, place: Place, house: House) -> Rule[Relay]:
        start, people = match.start_ids, match.sentences
        if start is None:
            start = await self._read(match, match.beginning, place, house)
        read = [
            each
            if each.token_ids is not None
            else each._replace(token_ids=await self._read(match, each.text, place, house))
            for each in people
        ]
        prompt = start + tuple(token for each in read for token in each.token_ids or ())
        seed = (match.seed + len(people)) % 2**63
        penned = await pen.next_unit(
            house.generator,
            model=match.model,
            prompt=prompt,
            unit=Unit.SENTENCE,
            temperature=match.temperature,
            seed=seed,
            user=place.key,
        )
        name = match.model.partition("@")[0]

        def rule(now: Relay, at: datetime) -> Relay:
            if now.over or not now.working or len(now.sentences) != len(people):
                return now  # it has gone another way
            after = replace(now, start_ids=start, sentences=tuple(read), paused=False)
            if penned.ended:
                return _ended(replace(after, page=now.page + 1))
            return answered(after, Sentence(penned.text, None, name, now.page, penned.token_ids, seed), at)

        return rule

    async def _read(self, match: Relay, text: str, place: Place, house: House) -> tuple[int, ...]:
        return await pen.token_ids(house.generator, model=match.model, text=text, user=place.key)

    def show(self, match: Relay, game: int, fault: UserError | None, translate: Translate) -> Message:
        foot = "\n".join(_foot(match, fault, translate))
        empty = translate("(An empty page. What is the first sentence?)")
        text = looks.ending(match.text, looks.WHOLE - len(foot) - 2) or empty
        buttons = () if match.over else tuple(_buttons(match, game, translate))
        return Message(f"{text}\n\n{foot}", buttons)

    def turned(self, match: Relay, page: int, translate: Translate) -> Message:
        written = [each for each in match.sentences if each.page == page]
        if not written:
            return Message(translate("The relay goes on below."))
        lines = (
            translate(
                "{name}: «{text}»", name=_name(each.name), text=looks.shortened(each.text.strip(), LONGEST_SENTENCE)
            )
            for each in written
        )
        return Message("\n".join(lines))

    def summary(self, match: Relay, translate: Translate) -> str:
        if match.paused or match.next is None:
            return translate("A relay is paused here.")
        if match.working:
            return translate("A relay is running here; it is the model's turn.")
        return translate("A relay is running here; it is {name}'s turn.", name=_name(match.next.name))

    def file(self, match: Relay, game: int, form: export.Format, begun: datetime, translate: Translate) -> Attachment:
        name = f"relay-{game}.{form}"
        title, byline = export.title_of(match.text, translate), _byline(match, begun, translate)
        pieces = [(each.text, _name(each.name)) for each in match.sentences]
        match form:
            case "json":
                written = json.dumps(_document(match, begun), ensure_ascii=False, indent=1)
                return Attachment(name, "application/json", written.encode())
            case "html":
                page = export.page_of(title, match.beginning, pieces, byline)
                return Attachment(name, "text/html; charset=utf-8", page.encode())
            case "md":
                notes = [f"{writer}: {text.strip()}" for text, writer in pieces]
                written = export.markdown_of(title, match.text, byline, notes)
                return Attachment(name, "text/markdown; charset=utf-8", written.encode())


def _sentence(
    text: str, writer: str | None, name: str, page: int, token_ids: list[int] | None, seed: int | None
) -> Sentence:
    return Sentence(text, writer, name, page, None if token_ids is None else tuple(token_ids), seed)


def _buttons(match: Relay, game: int, translate: Translate) -> Iterator[Button]:
    if match.paused and (match.working or match.players):
        yield Button(translate("Go on"), str(Play(game, "on")))
    yield Button(translate("Join"), str(Play(game, "join")))
    if not match.working and match.players:
        yield Button(translate("Write…"), str(Play(game, "write")), asks=translate("Your sentence"))


def _foot(match: Relay, fault: UserError | None, translate: Translate) -> Iterator[str]:
    names = looks.names([player.name for player in match.players], translate)
    if match.over:
        yield translate("The end.")
        writers = tuple(dict.fromkeys(each.name for each in match.sentences if each.writer is not None))
        if writers:
            yield translate("Written by {names} and a language model.", names=looks.names(writers, translate))
        yield translate("/relay export gives the whole text as a file.")
        return
    if match.paused and fault is not None:
        yield translate("The relay is paused. {fault} Press the button to try again.", fault=fault.sentence(translate))
    elif match.paused and match.working:
        yield translate("The relay is paused. Press the button to go on.")
    elif match.working:
        yield translate("The model is writing…")
    elif match.next is None:
        yield translate("The relay is paused: nobody plays. Join, and it is your turn.")
    elif match.deadline is None:
        yield translate("The relay is paused: a sentence of any player or the button lets it go on.")
    else:
        yield translate(
            "It is {name}'s turn until {deadline:%H:%M:%S} UTC: reply to this message, or use /relay write.",
            name=_name(match.next.name),
            deadline=match.deadline,
        )
    if match.most:
        yield translate("Sentences: {count} of {most}.", count=len(match.sentences), most=match.most)
    if match.players:
        yield translate("In turn: {names}.", names=names)


def _byline(match: Relay, begun: datetime, translate: Translate) -> str:
    model, _, version = match.model.partition("@")
    writers = tuple(dict.fromkeys(each.name for each in match.sentences if each.writer is not None))
    facts = {
        "model": model,
        "version": version,
        "day": begun.date().isoformat(),
        "names": looks.names(writers, translate, most=50),
    }
    if writers:
        return translate("Written on {day} by {names} and the model {model} ({version}), with Planchette.", **facts)
    return translate("Written on {day} by the model {model} ({version}), with Planchette.", **facts)


def _document(match: Relay, begun: datetime) -> dict[str, Any]:
    """A relay as JSON; people are numbers and the names that everybody saw."""
    people = {
        key: number
        for number, key in enumerate(dict.fromkeys(each.writer for each in match.sentences if each.writer), 1)
    }
    model, _, version = match.model.partition("@")
    return {
        "format": "planchette-relay",
        "version": 1,
        "model": {"name": model, "version": version},
        "temperature": match.temperature,
        "begun": begun.isoformat(),
        "start": {"text": match.beginning, "token_ids": match.start_ids},
        "sentences": [
            {
                "text": each.text,
                "person": None if each.writer is None else people[each.writer],
                "name": each.name,
                "token_ids": each.token_ids,
                "seed": each.seed,
            }
            for each in match.sentences
        ],
        "text": match.text,
    }


RELAY: Final = RelayKind()
