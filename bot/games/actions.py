"""What buttons send: short enough for every platform, and the same as long as a round is known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from bot.conversation import Button
from bot.games.errors import UnknownButton

ACTION: Final = re.compile(r"v:(\d{1,18}):(\d{1,9})|r:(\d{1,18})|w:(\d{1,18})", re.ASCII)
PLAY: Final = re.compile(r"g:(\d{1,18}):([a-z]{1,16})", re.ASCII)


class Vote(NamedTuple):
    """A press on a candidate."""

    round_id: int
    slot: int

    def __str__(self) -> str:
        return f"v:{self.round_id}:{self.slot}"


class GoOn(NamedTuple):
    """A press on the button below a paused story without a ballot."""

    story_id: int

    def __str__(self) -> str:
        return f"r:{self.story_id}"


class WriteIn(NamedTuple):
    """A press that comes with a line for the ballot of a round."""

    round_id: int

    def __str__(self) -> str:
        return f"w:{self.round_id}"


Action: TypeAlias = Vote | GoOn | WriteIn


class Play(NamedTuple):
    """A press on a button of a game that is no story."""

    game_id: int
    move: str

    def __str__(self) -> str:
        return f"g:{self.game_id}:{self.move}"


def read(action: str) -> Action:
    """What a button meant that sent this.

    Raises:
        UnknownButton: no ballot of ours ever had it.
    """
    numbers = ACTION.fullmatch(action)
    if numbers is None:
        raise UnknownButton
    if numbers[3] is not None:
        return GoOn(int(numbers[3]))
    if numbers[4] is not None:
        return WriteIn(int(numbers[4]))
    return Vote(int(numbers[1]), int(numbers[2]))


def ballot_of(buttons: Iterable[Button]) -> int | None:
    """The round whose ballot a message with these buttons is; None if it is no ballot."""
    for button in buttons:
        numbers = ACTION.fullmatch(button.action)
        if numbers is not None and numbers[1] is not None:
            return int(numbers[1])
    return None


def play(action: str) -> Play | None:
    """The move in a game that a button meant; None if it is no game's."""
    found = PLAY.fullmatch(action)
    return None if found is None else Play(int(found[1]), found[2])


def game_of(buttons: Iterable[Button]) -> int | None:
    """The game whose message has these buttons; None if it is no game's."""
    return next((found.game_id for button in buttons if (found := play(button.action)) is not None), None)
