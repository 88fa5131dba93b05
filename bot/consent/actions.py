"""What the buttons of consent send: place and person are those of the press, so that nobody agrees for another."""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple, TypeAlias

PREFIX: Final = "c:"
ACTION: Final = re.compile(r"c:a:(\d{1,12})|c:t:(\d{1,12})|c:f:([0-9a-f]{12})|c:(w|k)", re.ASCII)


class Agree(NamedTuple):
    """A person agrees here to what a wording says."""

    wording: int

    def __str__(self) -> str:
        return f"{PREFIX}a:{self.wording}"


class Teach(NamedTuple):
    """The same, with a first text to learn from."""

    wording: int

    def __str__(self) -> str:
        return f"{PREFIX}t:{self.wording}"


class Forget(NamedTuple):
    """The person to whom the button was shown wants everything deleted; a press of anybody else does nothing."""

    mark: str

    def __str__(self) -> str:
        return f"{PREFIX}f:{self.mark}"


class Withdraw(NamedTuple):
    """A person withdraws here."""

    def __str__(self) -> str:
        return f"{PREFIX}w"


class Keep(NamedTuple):
    """A person who was asked whether all of theirs shall be deleted wants nothing of that."""

    def __str__(self) -> str:
        return f"{PREFIX}k"


Action: TypeAlias = Agree | Teach | Forget | Withdraw | Keep


def mark_of(person: str) -> str:
    """A person's key in twelve characters: names of people in the room are too long for a button."""
    return hashlib.sha256(person.encode()).hexdigest()[:12]


def read(action: str) -> Action | None:
    """What a button meant; None if it is none of these."""
    found = ACTION.fullmatch(action)
    if found is None:
        return None
    agreed, taught, mark, plain = found.groups()
    if agreed is not None:
        return Agree(int(agreed))
    if taught is not None:
        return Teach(int(taught))
    if mark is not None:
        return Forget(mark)
    return Withdraw() if plain == "w" else Keep()
