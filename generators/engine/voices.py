"""What an engine writes as: its model, or an adapter over it, whose states take the same steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from generators.completion import ModelInfo
from generators.engine.guarding import Guarding
from generators.engine.tokens import TokenTable
from generators.guard import guard_of
from generators.model import Model


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """One of those that share an engine.

    Attributes:
        number: tells it from the engine's others.
        info: what it says about itself.
        start: the state before any token.
        guarding: keeps its texts from repeating what it learnt; None where it has no guard.
    """

    number: int
    info: ModelInfo
    start: Callable[[], Any]
    guarding: Guarding | None


def voice_of(model: Model[Any], number: int, table: TokenTable) -> Voice:
    """The voice of a loaded model, with the guard that it has now."""
    index = guard_of(model)
    return Voice(number, model.info, model.start, None if index is None else Guarding(index, table))
