"""What the buttons of channel models send; which model is meant is a short mark, because names may be long."""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple, TypeAlias

PREFIX: Final = "m:"
ACTION: Final = re.compile(r"m:u:([0-9a-f]{12})|m:b:([0-9a-f]{12})|m:t", re.ASCII)


class Use(NamedTuple):
    """Write with a version that did not go into use by itself."""

    mark: str

    def __str__(self) -> str:
        return f"{PREFIX}u:{self.mark}"


class RollBack(NamedTuple):
    """Write with what wrote before a version."""

    mark: str

    def __str__(self) -> str:
        return f"{PREFIX}b:{self.mark}"


class TrainAgain(NamedTuple):
    """Train once more, without what was withdrawn."""

    def __str__(self) -> str:
        return f"{PREFIX}t"


Action: TypeAlias = Use | RollBack | TrainAgain


def mark_of(name: str) -> str:
    """`NAME@VERSION` in twelve characters."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def is_meant(action: str) -> bool:
    """Whether a button is one of these."""
    return action.startswith(PREFIX)


def read(action: str) -> Action | None:
    """What a button meant; None if it is none of these."""
    found = ACTION.fullmatch(action)
    if found is None:
        return None
    used, left = found.groups()
    if used is not None:
        return Use(used)
    return TrainAgain() if left is None else RollBack(left)
