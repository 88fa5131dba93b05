"""What goes wrong in a step: whose fault it is, and how a model makes do where memory does not suffice."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from generators.engine.meter import Meter
from generators.engine.prefixes import PrefixCache
from generators.engine.room import Room
from generators.engine.work import Member
from generators.model import OutOfMemory

_log: Final = logging.getLogger(__name__)


class Shortages:
    """What is given up where memory does not suffice.

    Args:
        cache: of what is kept.
        room: the places of a step.
        meter: counts the shortages, and knows the model's name.

    Attributes:
        taken: members of the step that is taken, or was last; 0 where nobody holds any memory of it.
    """

    def __init__(self, cache: PrefixCache[Any], room: Room, meter: Meter) -> None:
        self.taken = 0
        self._cache = cache
        self._room = room
        self._meter = meter

    def make_do(self) -> bool:
        """What is kept is given up, and steps are smaller; False where they are smallest."""
        self._meter.shortages += 1
        self._cache.clear()
        smaller = self._room.shrink(self.taken or self._room.now)
        if smaller:
            name, now = self._meter.model, self._room.now
            _log.warning("memory does not suffice for %s, whose steps take at most %d texts for a while", name, now)
        return smaller


class Faults:
    """The faults of a step, which nobody is told of until it is over.

    Attributes:
        noted: faults so far, and whose they are.
    """

    def __init__(self, shortages: Shortages) -> None:
        self.noted: list[tuple[Sequence[Member], Exception]] = []
        self._shortages = shortages

    def note(self, members: Sequence[Member], fault: Exception) -> None:
        """A fault of these."""
        self.noted.append((members, fault))

    def take(self) -> list[tuple[Sequence[Member], Exception]]:
        """The step is over: its faults, which are forgotten here."""
        noted, self.noted = self.noted, []
        return noted

    @contextmanager
    def blaming(self, *members: Member) -> Iterator[None]:
        """What is raised here is the fault of these; they stay where they are until the step is over."""
        try:
            yield
        except Exception as fault:
            self.blame(members, fault)

    def blame(self, members: Sequence[Member], fault: Exception) -> None:
        """What has been raised is the fault of these; where it was memory that lacked, others are to find more."""
        if isinstance(fault, OutOfMemory):
            self._shortages.make_do()
        self.note(members, fault)

    def not_taken(self, members: Sequence[Member], fault: Exception) -> None:
        """A step ends those who were in it, unless it was memory that it lacked and there is a smaller one."""
        if not (isinstance(fault, OutOfMemory) and self._shortages.make_do()):
            self.note(members, fault)
