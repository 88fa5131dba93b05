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
        """Counts one use of a command; one that is too often for the person or the place takes nothing from either.

        Raises:
            TooOften: the person has used it up.
            TooOftenHere: the place has.
        """
        channel = f"place {place.platform}:{place.channel or place.id}"
        counted: list[tuple[Quota, str]] = []
        for cooldown, name, fault in (
            (command.cooldown, f"person {person.key}", TooOften),
            (command.place_cooldown, channel, TooOftenHere),
        ):
            if cooldown is None:
                continue
            quota = self._quota(command, cooldown)
            if wait := quota.wait(name):
                raise fault(cooldown.times, cooldown.seconds, wait)
            counted.append((quota, name))
        for quota, name in counted:
            quota.take(name)

    def _quota(self, command: Command, cooldown: Cooldown) -> Quota:
        key = command.path, cooldown
        if key not in self._quotas:
            self._quotas[key] = Quota(cooldown.times, cooldown.seconds, self._ticks)
        return self._quotas[key]
