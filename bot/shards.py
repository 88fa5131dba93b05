"""Which of Discord's shards a process has: a value of the settings, and what follows from it for a server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

WRITTEN: Final = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?/(\d{1,4})", re.ASCII)
MOST: Final = 1_024  # in all; a shard takes 1,000 servers or more, and each that a process has is a lock in PostgreSQL


@dataclass(frozen=True, slots=True)
class Shards:
    """Some of Discord's shards that follow each other.

    Attributes:
        first, last: by their numbers, from 0, both among them.
        count: how many there are in all.
    """

    first: int
    last: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shards:
        """Reads `0-3/8`, which is shards 0 to 3 of 8, or `3/8`.

        Raises:
            ValueError: it says something else, or there are no such shards.
        """
        found = WRITTEN.fullmatch(text)
        if found is None:
            raise ValueError(text)
        first, count = int(found[1]), int(found[3])
        last = first if found[2] is None else int(found[2])
        if not first <= last < count <= MOST:
            raise ValueError(text)
        return cls(first, last, count)

    @property
    def all(self) -> bool:
        """Whether no other process has any."""
        return len(self) == self.count

    @property
    def part(self) -> float:
        """How much of Discord they are, above 0 and at most 1."""
        return len(self) / self.count

    def has(self, guild: int | None) -> bool:
        """Whether what happens in a server is told to one of them; direct messages (None) are told to shard 0."""
        shard = 0 if guild is None else (guild >> 22) % self.count  # Discord API v10, gateway, «Sharding»
        return self.first <= shard <= self.last

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last + 1))

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.first}/{self.count}" if self.first == self.last else f"{self.first}-{self.last}/{self.count}"
