"""Wakes whoever follows a room when something in it has changed.

Followers read what changed from storage, in the order of its event numbers: so nothing is lost between the backlog
and what is live, nothing comes in another order, and a slow reader holds up nobody.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Hub:
    """The followers of each room."""

    def __init__(self) -> None:
        self._followers: dict[str, set[asyncio.Event]] = defaultdict(set)
        self.closed = False

    def __len__(self) -> int:
        return sum(len(followers) for followers in self._followers.values())

    @contextmanager
    def following(self, room: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the room may have changed, and when the hub closes."""
        bell = asyncio.Event()
        self._followers[room].add(bell)
        try:
            yield bell
        finally:
            self._followers[room].discard(bell)
            if not self._followers[room]:
                del self._followers[room]

    def changed(self, room: str) -> None:
        """Wakes the room's followers."""
        for bell in self._followers.get(room, ()):
            bell.set()

    def all_changed(self) -> None:
        """Wakes everyone."""
        for room in list(self._followers):
            self.changed(room)

    def close(self) -> None:
        """Wakes everyone for the last time."""
        self.closed = True
        self.all_changed()
