"""Which places of a database that several processes share are whose.

A place of Discord belongs to the process that has the shard of its server, and all places of another platform to the
process that is on it. Whatever goes through stored places asks `Share.has` before it does anything for one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, TypeAlias

from bot.conversation import Place
from bot.shards import Shards

DISCORD: Final = "discord"

Ours: TypeAlias = Callable[[Place], bool]


def everywhere(_place: Place) -> bool:
    """What a process has that shares with nobody."""
    return True


class Share:
    """Which places of the database this process serves.

    Args:
        shards: that it has; None for all.
        platforms: by their names, on which it is; may still be filled after this.
        alone: whether no other process can use the database.
    """

    def __init__(self, shards: Shards | None, platforms: Collection[str], alone: bool) -> None:
        self.shards = shards
        self._platforms = platforms
        self._alone = alone

    def has(self, place: Place) -> bool:
        """Whether what is to be done for a place is this process's to do; for each place there is one at most."""
        return self.may_have(place) and (self._alone or place.platform in self._platforms)

    def may_have(self, place: Place) -> bool:
        """The same, were it on the platform of the place."""
        if self.shards is None or place.platform != DISCORD:
            return True
        return self.shards.has(None if place.guild is None else int(place.guild))

    @property
    def part(self) -> float:
        """How much of Discord it has, above 0 and at most 1."""
        return 1.0 if self.shards is None else self.shards.part


def place_at(key: str, guild: str | None) -> Place:
    """A place by the keys of itself and of its server, as they are stored."""
    platform, _, id_ = key.partition(":")
    return Place(platform, id_, guild=None if guild is None else guild.partition(":")[2])
