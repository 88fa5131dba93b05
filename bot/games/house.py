"""What all tables share."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.conversation import Place, parts
from bot.games.clock import Clock
from bot.outbox import Outbox
from bot.sharing import Ours, everywhere
from generators.completion import Generator
from storage.database import Database

REMEMBERED: Final = 1_000  # messages without buttons; a reply to an older one means nothing any more


class Retired:
    """Messages whose buttons were taken away: nothing on them says any more which round or which game they showed."""

    def __init__(self) -> None:
        self._owners: OrderedDict[tuple[str, str], int] = OrderedDict()

    def add(self, place: Place, message: str, owner: int) -> None:
        """Remembers the round or the game of a message that is about to lose its buttons, by each of its parts."""
        for part in parts(message):
            self._owners[place.key, part] = owner
        while len(self._owners) > REMEMBERED:
            self._owners.popitem(last=False)

    def of(self, place: Place, message: str) -> int | None:
        """The round or the game that a message showed."""
        return self._owners.get((place.key, message))


@dataclass(frozen=True, slots=True)
class House:
    """What all tables share.

    Attributes:
        outboxes: what is said on each platform, by its name; may grow while tables stand.
        seed: gives each round its own, in [0, 2^63).
        temperature: of a place, where a story has none of its own; None where all places are alike.
        retired: messages that show what is over.
        ours: whether what runs at a place is this process's to keep going.
    """

    database: Database
    generator: Generator
    outboxes: Mapping[str, Outbox]
    clock: Clock
    seed: Callable[[], int]
    temperature: Callable[[Place], Awaitable[float]] | None = None
    retired: Retired = field(default_factory=Retired)
    ours: Ours = everywhere

    async def temperature_at(self, place: Place) -> float:
        """How daring draws are at a place; 1 is the model's own."""
        return 1.0 if self.temperature is None else await self.temperature(place)
