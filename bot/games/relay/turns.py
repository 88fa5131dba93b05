"""The rules of a relay: whose turn it is, and what each move makes of it. No clock, no model, no platform."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.conversation import Person
from bot.games.kinds import NotYourGame
from bot.games.relay.errors import (
    DoesNotPlay,
    EmptySentence,
    GoesOn,
    ModelsTurn,
    NobodyPlays,
    NotYourTurn,
    PlaysAlready,
)
from bot.games.relay.state import Player, Relay, Sentence
from bot.games.show import named
from bot.games.story import unspaced
from bot.text import checked, is_visible
from generators.errors import Phrase

LONGEST_SENTENCE: Final = 300  # characters


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
        raise NotYourTurn(named(relay.next.name), place is not None)
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
    return ended(after) if after.over else after


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
    return ended(relay)


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
    return ended(after) if after.over else _turn(after, at)


def ended(relay: Relay) -> Relay:
    """The relay, in which nothing more is written."""
    return replace(relay, ended=True, working=False, paused=False, deadline=None)


def expired(relay: Relay, at: datetime) -> Relay:
    """The relay after its deadline; unchanged where that is still to come."""
    late = relay.deadline is not None and relay.deadline <= at
    return pass_over(relay, at) if late else relay


def appended(text: str, line: str) -> str:
    """A line as it is appended to a text: with a space before it, where two words would run into one."""
    apart = not text or text[-1].isspace() or line[:1].isspace() or unspaced(text[-1])
    return line if apart else f" {line}"


def _turn(relay: Relay, at: datetime) -> Relay:
    """A fresh turn of whoever is next; a pause where nobody plays."""
    if not relay.players:
        return replace(relay, passed=0, paused=True, deadline=None)
    return replace(relay, passed=0, paused=False, deadline=at + timedelta(seconds=relay.seconds))


def _kept(relay: Relay, by: Person) -> None:
    if not by.admin and by.key != relay.started_by:
        raise NotYourGame
