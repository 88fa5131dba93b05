"""What the buttons of a training send."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

PREFIX: Final = "j:"
ACTION: Final = re.compile(r"j:([gx]):([0-9a-f]{12})", re.ASCII)
KINDS: Final[dict[str, Literal["go", "cancel"]]] = {"g": "go", "x": "cancel"}


class Press(NamedTuple):
    """A press on a training's button: `go` begins it, `cancel` ends it."""

    kind: Literal["go", "cancel"]
    job: str

    def __str__(self) -> str:
        return f"{PREFIX}{'g' if self.kind == 'go' else 'x'}:{self.job}"


def is_meant(action: str) -> bool:
    """Whether a button is a training's."""
    return action.startswith(PREFIX)


def read(action: str) -> Press | None:
    """What a button meant; None if it is none of these."""
    found = ACTION.fullmatch(action)
    return None if found is None else Press(KINDS[found[1]], found[2])
