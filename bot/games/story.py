"""The rules around a story's rounds: who plays, when a round closes early, when the story pauses."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bot.games.ballot import Candidate
from generators.completion import Unit

ROUNDS_OF_ABSENCE: Final = 3  # rounds that a player may miss and is still waited for
IDLE_ROUNDS: Final = 3  # rounds without a vote, after which the story waits for people
LEAST_PLAYERS: Final = 2  # to close early; one person alone would take the minute from those who are still reading
SPOKEN_MARKS: Final = frozenset("-‐‑–—'’/_@#")  # a word follows them without a space


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a story is, and who takes part; every change makes a new one.

    Attributes:
        position: of the running round, from 0: how many units the story has.
        last: person to the position of the round in which they last joined, voted or wrote in.
        idle: rounds without a vote, in a row, up to now.
        ended: whether «The end» won.
    """

    position: int = 0
    last: Mapping[str, int] = field(default_factory=dict)
    idle: int = 0
    ended: bool = False

    @property
    def players(self) -> frozenset[str]:
        """Those who joined, voted or wrote in in this round or one of the three before it."""
        return frozenset(person for person, position in self.last.items() if plays(position, self.position))

    @property
    def pauses(self) -> bool:
        """Whether the story waits until somebody presses."""
        return self.idle >= IDLE_ROUNDS


def plays(last: int, position: int) -> bool:
    """Whether somebody who was last seen in the round at `last` still plays in the one at `position`."""
    return position - last <= ROUNDS_OF_ABSENCE


def seen(progress: Progress, person: str) -> Progress:
    """After a person joined, voted or wrote in."""
    return replace(progress, last={**progress.last, person: progress.position})


def closes_early(progress: Progress, voters: Collection[str], *, solo: bool) -> bool:
    """Whether a round closes before its deadline.

    A solo story's round closes at the first vote; any other, from the second round on, when every player has voted
    and there are at least two.
    """
    if solo:
        return bool(voters)
    if progress.position == 0:
        return False
    return len(progress.players) >= LEAST_PLAYERS and progress.players <= set(voters)


def decided(progress: Progress, winner: Candidate, votes: int) -> Progress:
    """After a round: the winner is appended, and a round without votes is remembered."""
    return replace(
        progress,
        position=progress.position + (not winner.bare_end),
        idle=0 if votes else progress.idle + 1,
        ended=winner.end,
    )


def undone(progress: Progress) -> Progress:
    """After the last unit was taken back.

    Raises:
        ValueError: there is none.
    """
    if progress.position == 0:
        raise ValueError("a story without units has nothing to undo")
    return replace(progress, position=progress.position - 1, idle=0, ended=False)


def continuation(text: str, typed: str, unit: Unit) -> str:
    """What a write-in appends to the text.

    Chats strip spaces, so a space and a line end may be typed as they are shown, `␣` and `⏎`; and where units are
    words or sentences, a space is put before a word that would otherwise run into the one before it.
    """
    typed = typed.replace("␣", " ").replace("⏎", "\n")
    if unit is Unit.TOKEN or not text or not typed or not _begins_word(typed[0]):
        return typed
    before = text[-1]
    opened = unicodedata.category(before) in {"Ps", "Pi"} or (before == '"' and text.count('"') % 2 == 1)
    return typed if before.isspace() or before in SPOKEN_MARKS or opened or unspaced(before) else f" {typed}"


def _begins_word(character: str) -> bool:
    return (character.isalnum() and not unspaced(character)) or unicodedata.category(character) in {"Ps", "Pi"}


def unspaced(character: str) -> bool:
    """Whether it belongs to a script that is written without spaces: Han, kana, Thai, Lao, Khmer, Burmese."""
    return any(
        first <= ord(character) <= last
        for first, last in (
            (0x0E00, 0x0EFF),
            (0x1000, 0x109F),
            (0x1780, 0x17FF),
            (0x2E80, 0x30FF),
            (0x31F0, 0x31FF),
            (0x3400, 0x9FFF),
            (0xF900, 0xFAFF),
            (0xFF01, 0xFF9F),
            (0x20000, 0x3FFFF),
        )
    )
