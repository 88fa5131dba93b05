"""The one place that decides when something is said: what is urgent goes first, and no platform's limit is passed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from bot.conversation import Limits, Message, Person, Place, Platform
from bot.games.clock import Clock

TALLY: Final = 4.0  # seconds between two redraws of a tally; a group on Telegram takes one edit in 3 s
SHARE: Final = 0.5  # of a platform's rate that redraws may use; the rest is for answers and new rounds
PATIENCE: Final = 30.0  # seconds for a platform to take a message; nobody waits for it longer
KEPT: Final = 10_000  # places remembered at once


class Urgency(IntEnum):
    """What goes first when not everything can be said at once."""

    ANSWER = 0
    ROUND = 1
    TALLY = 2
    STREAM = 3


@dataclass(slots=True)
class _Waiting:
    urgency: Urgency
    place: Place
    limits: Limits
    turn: asyncio.Future[None]


@dataclass(slots=True)
class _Allowance:
    """So many in so many seconds, over any window of them."""

    times: float
    seconds: float
    sent: deque[datetime] = field(default_factory=deque)

    def free_at(self, now: datetime) -> datetime:
        """When the next one may go."""
        while self.sent and self.sent[0] <= now - timedelta(seconds=self.seconds):
            self.sent.popleft()
        if len(self.sent) < self.times:
            return now
        return self.sent[len(self.sent) - int(self.times)] + timedelta(seconds=self.seconds)


class Outbox:
    """What the bot says on one platform.

    Args:
        platform: takes it.
        clock: tells and awaits time.
        stories: how many run on the platform now; the more there are, the rarer each is redrawn.
    """

    def __init__(self, platform: Platform, clock: Clock, stories: Callable[[], int] = lambda: 0) -> None:
        self.platform = platform
        self._clock = clock
        self._stories = stories
        self._waiting: list[_Waiting] = []  # the most urgent first, and of equals the oldest
        self._all: _Allowance | None = None
        self._places: OrderedDict[str, _Allowance] = OrderedDict()
        self._opening: tuple[datetime, asyncio.Task[None]] | None = None  # when, and who looks then

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
        await self._turn(urgency, place, self.platform.limits(place, reply_to))
        async with asyncio.timeout(PATIENCE):
            return await self.platform.post(place, message, private_for=private_for, reply_to=reply_to)

    async def edit(
        self, place: Place, posted: str, message: Message, *, urgency: Urgency = Urgency.ANSWER
    ) -> str | None:
        """Changes a posted message when its turn has come; None for one that is gone.

        Raises:
            TimeoutError: the platform does not take it.
        """
        await self._turn(urgency, place, self.platform.limits(place))
        async with asyncio.timeout(PATIENCE):
            return await self.platform.edit(place, posted, message)

    async def thread(self, place: Place, title: str) -> Place:
        """Opens a thread under a place.

        Raises:
            NoThreads: there are none, or the bot may not open one.
        """
        async with asyncio.timeout(PATIENCE):
            return await self.platform.thread(place, title)

    def edit_seconds(self, place: Place) -> float:
        """The least time between two states of a text that is being written."""
        limits = self.platform.limits(place)
        if limits.per_second is None:
            return limits.edit_seconds
        alone = 60 / (limits.per_minute * SHARE) if limits.per_minute else 0.0
        return max(limits.edit_seconds, alone, self._stories() / (limits.per_second * SHARE))

    def tally_seconds(self, place: Place) -> float:
        """The least time between two redraws of a tally."""
        return max(TALLY, self.edit_seconds(place))

    def is_free(self, place: Place) -> bool:
        """Whether something could be said there at once; a text that is being written skips a state where not."""
        return not self._waiting and self._free_at(place, self.platform.limits(place)) <= self._clock.now()

    async def _turn(self, urgency: Urgency, place: Place, limits: Limits) -> None:
        """Waits until something may be said, behind what is more urgent."""
        if limits.per_second is None:
            return
        waiting = _Waiting(urgency, place, limits, asyncio.get_running_loop().create_future())
        behind = next((i for i, other in enumerate(self._waiting) if other.urgency > urgency), len(self._waiting))
        self._waiting.insert(behind, waiting)
        try:
            self._open()
            await waiting.turn
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            raise

    def _open(self) -> None:
        """Lets through what may go now, and comes back when the next may."""
        now = self._clock.now()
        next_at: datetime | None = None
        for waiting in tuple(self._waiting):
            free_at = self._free_at(waiting.place, waiting.limits)
            if free_at <= now:
                self._waiting.remove(waiting)
                self._count(waiting, now)
                if not waiting.turn.done():
                    waiting.turn.set_result(None)
            else:
                next_at = free_at if next_at is None else min(next_at, free_at)
        if next_at is not None and (self._opening is None or next_at < self._opening[0]):
            if self._opening is not None:
                self._opening[1].cancel()
            self._opening = next_at, asyncio.create_task(self._open_at(next_at))

    async def _open_at(self, moment: datetime) -> None:
        await self._clock.sleep_until(moment)
        self._opening = None
        self._open()

    def _free_at(self, place: Place, limits: Limits) -> datetime:
        now = self._clock.now()
        if limits.per_second is None:
            return now
        everywhere = self._everywhere(limits.per_second).free_at(now)
        if limits.per_minute is None:
            return everywhere
        return max(everywhere, self._here(place, limits.per_minute).free_at(now))

    def _count(self, waiting: _Waiting, now: datetime) -> None:
        if waiting.limits.per_second is not None:
            self._everywhere(waiting.limits.per_second).sent.append(now)
        if waiting.limits.per_minute is not None:
            self._here(waiting.place, waiting.limits.per_minute).sent.append(now)

    def _everywhere(self, per_second: float) -> _Allowance:
        if self._all is None or self._all.times != per_second:
            self._all = _Allowance(per_second, 1.0)
        return self._all

    def _here(self, place: Place, per_minute: float) -> _Allowance:
        """What a place still takes; topics and threads share their channel's."""
        key = place.channel or place.id
        allowance = self._places.pop(key, None) or _Allowance(per_minute, 60.0)
        self._places[key] = allowance
        while len(self._places) > KEPT:
            self._places.popitem(last=False)
        return allowance
