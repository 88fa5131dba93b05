"""The one place that decides when something is said: what is urgent goes first, and no platform's limit is passed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from bot.conversation import Limits, Message, Person, Place, Platform
from bot.games.clock import Clock
from bot.pacing import Pacing, Turn, Urgency

TALLY: Final = 4.0  # seconds between two redraws of a tally; a group on Telegram takes one edit in 3 s
SHARE: Final = 0.5  # of a platform's rate that redraws may use; the rest is for answers and new rounds
PATIENCE: Final = 90.0  # seconds for a platform to take a message: Telegram can tell a group's bot to come back in 60

__all__ = ["Outbox", "Turn", "Urgency"]


def _no_stories(_: Place | None) -> int:
    return 0


class Outbox:
    """What the bot says on one platform.

    Args:
        platform: takes it.
        clock: tells and awaits time.
        stories: how many run now in the channel of a place, or, for None, on the whole platform; the more there are,
            the rarer each is redrawn.
    """

    def __init__(self, platform: Platform, clock: Clock, stories: Callable[[Place | None], int] = _no_stories) -> None:
        self.platform = platform
        self._stories = stories
        self._pacing = Pacing(clock)

    @property
    def keeps_messages(self) -> bool:
        """Whether the platform's messages outlive the process."""
        return self.platform.keeps_messages

    async def post(
        self,
        place: Place,
        message: Message,
        *,
        private_for: Person | None = None,
        reply_to: str | None = None,
        urgency: Urgency = Urgency.ANSWER,
    ) -> str:
        """Posts a message when its turn has come, and returns its id on the platform.

        Raises:
            MayNotWrite: the bot is not allowed to write there.
            TimeoutError: the platform does not take it.
        """
        await self._come(self._asked(place, urgency, self.platform.limits(place, reply_to)))
        async with asyncio.timeout(PATIENCE):
            return await self.platform.post(place, message, private_for=private_for, reply_to=reply_to)

    async def edit(
        self,
        place: Place,
        posted: str,
        message: Message,
        *,
        urgency: Urgency = Urgency.ANSWER,
        turn: Turn | None = None,
    ) -> str | None:
        """Changes a posted message when its turn has come; None for one that is gone.

        Args:
            turn: one that has come already.

        Raises:
            MayNotWrite: the bot is not allowed to write there any more.
            TimeoutError: the platform does not take it.
        """
        await self._come(turn or self._asked(place, urgency, self.platform.limits(place)))
        async with asyncio.timeout(PATIENCE):
            return await self.platform.edit(place, posted, message)

    async def thread(self, place: Place, title: str) -> Place:
        """Opens a thread under a place.

        Raises:
            NoThreads: there are none, or the bot may not open one.
        """
        await self._come(self._asked(place, Urgency.ANSWER, self.platform.limits(place)))
        async with asyncio.timeout(PATIENCE):
            return await self.platform.thread(place, title)

    def ask(self, place: Place, urgency: Urgency) -> Turn:
        """Asks for the turn of an edit whose message is only decided once it has come; use it or drop it then."""
        return self._asked(place, urgency, self.platform.limits(place))

    def drop(self, turn: Turn) -> None:
        """Gives up a turn that was not used."""
        self._pacing.drop(turn)

    def edit_seconds(self, place: Place) -> float:
        """The least time between two states of a text that is being written.

        Redraws of s stories take s / (rate · SHARE) at least, for all on the platform and for those in one channel.
        """
        limits = self.platform.limits(place)
        here = everywhere = 0.0
        if limits.per_minute is not None:
            here = 60 * max(1, self._stories(place)) / (limits.per_minute * SHARE)
        if limits.per_second is not None:
            everywhere = self._stories(None) / (limits.per_second * SHARE)
        return max(limits.edit_seconds, here, everywhere)

    def tally_seconds(self, place: Place) -> float:
        """The least time between two redraws of a tally."""
        return max(TALLY, self.edit_seconds(place))

    def is_free(self, place: Place) -> bool:
        """Whether something could be said there at once; a text that is being written skips a state where not."""
        return self._pacing.is_free(_shared_by(place), self.platform.limits(place))

    @property
    def waiting(self) -> int:
        """How much waits to be said."""
        return self._pacing.waiting

    def close(self) -> None:
        """Lets nothing more out that has to wait."""
        self._pacing.close()

    def _asked(self, place: Place, urgency: Urgency, limits: Limits) -> Turn:
        return self._pacing.ask(urgency, _shared_by(place), limits)

    async def _come(self, turn: Turn) -> None:
        """Waits for a turn; who gives up waiting leaves nothing behind."""
        try:
            await turn.granted
        except asyncio.CancelledError:
            self._pacing.drop(turn)
            raise


def _shared_by(place: Place) -> str:
    """What a place shares its limit with: topics and threads have their channel's."""
    return place.channel or place.id
