"""Commands that rest after so many uses: for whoever used them, and for their place."""

from __future__ import annotations

from collections.abc import Callable

from bot.commands.declaration import Command, Cooldown
from bot.commands.faults import TooOften, TooOftenHere
from bot.conversation import Person, Place
from bot.quota import Quota


class Cooldowns:
    """What is used up of the cooldowns of all commands.

    Args:
        ticks: the time in seconds; only differences count.
    """

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._quotas: dict[tuple[str, Cooldown], Quota] = {}

    def take(self, command: Command, person: Person, place: Place) -> None:
        """Counts one use of a command, which takes nothing from a place where it is too often for the person.

        Raises:
            TooOften: the person has used it up.
            TooOftenHere: the place has.
        """
        if (cooldown := command.cooldown) is not None and (
            wait := self._wait(command, cooldown, f"person {person.key}")
        ):
            raise TooOften(cooldown.times, cooldown.seconds, wait)
        channel = f"place {place.platform}:{place.channel or place.id}"
        if (cooldown := command.place_cooldown) is not None and (wait := self._wait(command, cooldown, channel)):
            raise TooOftenHere(cooldown.times, cooldown.seconds, wait)

    def _wait(self, command: Command, cooldown: Cooldown, name: str) -> float:
        """Seconds until there is room for another use; 0 once it is counted."""
        key = command.path, cooldown
        if key not in self._quotas:
            self._quotas[key] = Quota(cooldown.times, cooldown.seconds, self._ticks)
        return self._quotas[key].take(name)
