"""Turns under a platform's limits: what is urgent goes first, of equals the oldest, and no limit is ever passed."""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import count
from typing import Final

from bot.conversation import Limits
from bot.games.clock import Clock
from generators.errors import ShuttingDown

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
KEPT: Final = 10_000  # rooms remembered at once, of which most have been silent for longer than a minute


class Urgency(IntEnum):
    """What goes first when not everything can be said at once."""

    ANSWER = 0
    ROUND = 1
    TALLY = 2
    STREAM = 3


@dataclass(eq=False, slots=True)
class Turn:
    """Leave to say one thing; `granted` is done once it has come."""

    urgency: Urgency
    number: int
    room: Room
    granted: asyncio.Future[None]
    at: datetime | None = None  # when it came, as far as it was counted


@dataclass(eq=False, slots=True)
class Allowance:
    """So many in any window of so long; `times` is 1 or more."""

    window: timedelta
    times: float = math.inf
    sent: deque[datetime] = field(default_factory=deque)

    def free_at(self, now: datetime) -> datetime:
        """When the next one may go."""
        while self.sent and self.sent[0] <= now - self.window:
            self.sent.popleft()
        return now if len(self.sent) < self.times else self.sent[len(self.sent) - int(self.times)] + self.window


@dataclass(eq=False, slots=True)
class Room:
    """What waits to be said where a limit is shared."""

    allowance: Allowance
    waiting: list[tuple[Urgency, int, Turn]] = field(default_factory=list)  # a heap


class Pacing:
    """Hands out the turns of one platform.

    Looking for the next turns takes as long as there are rooms where something waits, and happens when one may have
    come, not whenever something else begins to wait.

    Args:
        clock: tells and awaits time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count()
        self._everywhere = Allowance(SECOND)
        self._rooms: dict[str, Room] = {}
        self._waiting: dict[int, Room] = {}  # those where something waits, by identity
        self._unlimited = Room(Allowance(MINUTE))
        self._timer: tuple[datetime, asyncio.Task[None]] | None = None  # nothing that waits can go before

    def ask(self, urgency: Urgency, name: str, limits: Limits) -> Turn:
        """Asks for a turn in the room of this name, which may come at once, as one that is not counted does."""
        now = self._clock.now()
        room = self._room(name, limits, now)
        turn = Turn(urgency, next(self._numbers), room, asyncio.get_running_loop().create_future())
        if limits.per_second is None and limits.per_minute is None:
            turn.granted.set_result(None)
            return turn
        heapq.heappush(room.waiting, (turn.urgency, turn.number, turn))
        self._waiting[id(room)] = room
        if self._timer is None or self._timer[0] <= now:
            self._open()
        elif (free_at := max(self._everywhere.free_at(now), room.allowance.free_at(now))) <= now:
            self._grant(room, now)  # nothing else can go now
        elif free_at < self._timer[0]:
            self._open_at(free_at)
        return turn

    def drop(self, turn: Turn) -> None:
        """Gives up a turn that was not used; one that has come already goes to somebody else."""
        entry = (turn.urgency, turn.number, turn)
        if not turn.granted.done():
            turn.granted.cancel()
        if entry in turn.room.waiting:
            turn.room.waiting.remove(entry)
            heapq.heapify(turn.room.waiting)
            self._leave(turn.room)
        elif turn.at is not None:
            for allowance in (self._everywhere, turn.room.allowance):
                if turn.at in allowance.sent:
                    allowance.sent.remove(turn.at)
            turn.at = None
            self._open()

    def is_free(self, name: str, limits: Limits) -> bool:
        """Whether a turn would come at once."""
        if limits.per_second is None and limits.per_minute is None:
            return True
        now = self._clock.now()
        room = self._room(name, limits, now)
        return not room.waiting and max(self._everywhere.free_at(now), room.allowance.free_at(now)) <= now

    @property
    def waiting(self) -> int:
        """Turns that have not come yet."""
        return sum(len(room.waiting) for room in self._waiting.values())

    def close(self) -> None:
        """No turn comes any more; whoever awaits one is told that the bot is stopping."""
        self._set_timer(None)
        for room in tuple(self._waiting.values()):
            for _, _, turn in room.waiting:
                if not turn.granted.done():
                    turn.granted.set_exception(ShuttingDown())
                    turn.granted.exception()  # nobody has to look at it
            room.waiting.clear()
        self._waiting.clear()

    def _open(self) -> None:
        """Lets through what may go now, and comes back when the next may."""
        now = self._clock.now()
        free = [(room.waiting[0], room) for room in self._waiting.values() if room.allowance.free_at(now) <= now]
        heapq.heapify(free)
        while free and self._everywhere.free_at(now) <= now:
            _, room = heapq.heappop(free)
            self._grant(room, now)
            if room.waiting and room.allowance.free_at(now) <= now:
                heapq.heappush(free, (room.waiting[0], room))
        if self._waiting:
            earliest = min(room.allowance.free_at(now) for room in self._waiting.values())
            self._open_at(max(earliest, self._everywhere.free_at(now)))
        else:
            self._set_timer(None)

    def _grant(self, room: Room, now: datetime) -> None:
        """Lets the first of a room go."""
        _, _, turn = heapq.heappop(room.waiting)
        self._everywhere.sent.append(now)
        room.allowance.sent.append(now)
        self._leave(room)
        turn.at = now
        if not turn.granted.done():
            turn.granted.set_result(None)

    def _leave(self, room: Room) -> None:
        if not room.waiting:
            self._waiting.pop(id(room), None)

    def _open_at(self, moment: datetime) -> None:
        async def wait() -> None:
            await self._clock.sleep_until(moment)
            self._timer = None
            self._open()

        self._set_timer((moment, asyncio.create_task(wait(), name="pacing")))

    def _set_timer(self, timer: tuple[datetime, asyncio.Task[None]] | None) -> None:
        if self._timer is not None:
            self._timer[1].cancel()
        self._timer = timer

    def _room(self, name: str, limits: Limits, now: datetime) -> Room:
        if limits.per_second is not None:
            self._everywhere.times = max(1.0, limits.per_second)
        if limits.per_minute is None:
            return self._unlimited
        if len(self._rooms) >= KEPT and name not in self._rooms:
            self._rooms = {key: room for key, room in self._rooms.items() if room.waiting or not _silent(room, now)}
        room = self._rooms.setdefault(name, Room(Allowance(MINUTE)))
        room.allowance.times = max(1.0, limits.per_minute)
        return room


def _silent(room: Room, now: datetime) -> bool:
    room.allowance.free_at(now)
    return not room.allowance.sent
