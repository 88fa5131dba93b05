"""The room around one story: opens its rounds, keeps its deadlines, and shows what happens.

All that is certain is in the database: a move is a transaction (see `moves`), and the table looks at what is stored,
does what is due, shows it, and rests until the next deadline or the next move. So after a restart it goes on where it
stopped, without a word of its own to remember.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.conversation import Message, Place, Platform
from bot.games import moves, show
from bot.games.clock import Clock
from bot.games.moves import Moment
from bot.games.offers import next_offer
from bot.games.records import Situation, ballot_of, reason_of, situation, view_of
from generators.completion import Generator
from generators.errors import ShuttingDown, Translate, UserError, english
from storage import stories
from storage.database import Database
from storage.stories import Past

REFRESH: Final = 4.0  # seconds between two redraws of a tally; a group on Telegram takes one edit in 3 s
RETRIES: Final = 60.0  # seconds; the longest wait after a platform or the disk failed, which doubles from 1 s
RECENT: Final = 16  # ballots of a story to which a reply is still understood

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """What all tables share.

    Attributes:
        platforms: name to platform; may grow while tables stand.
        seed: gives each round its own, in [0, 2^63).
        temperature: of a place, where a story has none of its own; None where all places are alike.
    """

    database: Database
    generator: Generator
    platforms: Mapping[str, Platform]
    clock: Clock
    seed: Callable[[], int]
    temperature: Callable[[Place], Awaitable[float]] | None = None
    translate: Translate = english

    async def temperature_at(self, place: Place) -> float:
        """How daring draws are at a place; 1 is the model's own."""
        return 1.0 if self.temperature is None else await self.temperature(place)


@dataclass(frozen=True, slots=True)
class Posted:
    """The newest message of a story.

    Attributes:
        ref: its id on the platform.
        round_id: whose ballot it is; None for a story that is stuck.
        message: what it says now; None if that is not known.
        at: when it was last changed; for one that was never changed, long enough before for it to be changed soon.
    """

    ref: str
    round_id: int | None
    message: Message | None
    at: datetime


@dataclass(eq=False)
class StoryTable:
    """One running story in its place.

    Attributes:
        story_id: whose table it is.
        place: where it stands.
        left: the message that an earlier process left as the story's newest.
    """

    story_id: int
    place: Place
    house: House
    left: str | None = None
    _posted: Posted | None = None
    _stuck: UserError | None = None
    _over: bool = False
    _due: datetime | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _resting: asyncio.Event = field(default_factory=asyncio.Event)
    _ballots: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begins to keep the story going."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"story {self.story_id}")

    def wake(self) -> None:
        """Something was stored: look at it."""
        self._wake.set()

    def retry(self) -> None:
        """Somebody pressed: try again what failed."""
        self._stuck = None
        self._wake.set()

    def ballot(self, message: str) -> int | None:
        """The round whose ballot a message is."""
        return self._ballots.get(message)

    @property
    def over(self) -> bool:
        """Whether the story has ended, and has been shown so."""
        return self._over

    async def settled(self) -> None:
        """Returns once everything that can be done now has been done and shown."""
        while not self._over:
            await self._resting.wait()
            if not self._wake.is_set() and (self._due is None or self._due > self.house.clock.now()):
                return
            await asyncio.sleep(0)  # it has been woken, and rises

    async def close(self) -> None:
        """Stops keeping the story going; a new table takes it up where it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        failures = 0
        while not self._over:
            self._wake.clear()
            try:
                due = await self._step()
                failures = 0
            except Exception:  # a platform or the disk: the story waits for it and goes on
                log.exception("a story is held up", story=self.story_id, place=self.place.key)
                due = self.house.clock.now() + timedelta(seconds=min(2.0**failures, RETRIES))
                failures += 1
            if not self._over and not self._wake.is_set():
                await self._rest(due)
        self._resting.set()

    async def _rest(self, due: datetime | None) -> None:
        """Waits for the next move or, where something is due, for its time."""
        self._due = due
        waits: set[asyncio.Task[object]] = {asyncio.create_task(self._wake.wait())}
        if due is not None:
            waits.add(asyncio.create_task(self.house.clock.sleep_until(due)))
        self._resting.set()
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._resting.clear()
            for wait in waits:
                wait.cancel()

    async def _step(self) -> datetime | None:
        """Does what is due, and says when the next thing will be."""
        now = await self.house.database.read(lambda conn: situation(conn, self.story_id))
        if now is None or now.story.state == "ended":
            if now is not None:
                await self._show_end(now)
            self._over = True
            return None
        if now.past is None:
            return await self._go_on(now)
        deadline = None if now.story.state == "paused" else now.past.round.deadline
        if deadline is not None and deadline <= self.house.clock.now():
            await self._close(now.past)
            self.wake()
            return None
        redraw = await self._show_ballot(now, now.past)
        return min((moment for moment in (deadline, redraw) if moment is not None), default=None)

    async def _close(self, past: Past) -> None:
        when = Moment(self.house.clock.now(), await self.house.temperature_at(self.place))
        await self.house.database.write(lambda conn: moves.close(conn, self.story_id, past.round.id, when))

    async def _go_on(self, now: Situation) -> datetime | None:
        """Opens the next round; a story whose model fails pauses and says why."""
        if self._stuck is None:
            try:
                offer = await next_offer(self.house.generator, now.story, now.token_ids, self.house.seed())
            except ShuttingDown:
                raise  # the story goes on after the restart
            except UserError as fault:
                self._stuck = fault
            else:
                at = self.house.clock.now()
                await self.house.database.write(
                    lambda conn: moves.open_next(conn, self.story_id, now.position, offer, at)
                )
                self.wake()
                return None
        at = self.house.clock.now()
        await self.house.database.write(lambda conn: moves.stall(conn, self.story_id, at))
        if self._stuck is not None:  # nobody pressed meanwhile
            said = self._stuck.sentence(self.house.translate)
            await self._say(show.stuck(now.text, said, self.story_id, self.house.translate), None)
        return None

    async def _show_ballot(self, now: Situation, past: Past) -> datetime | None:
        """Posts the ballot of a new round, redraws that of a known one; or says when it may be redrawn."""
        if self.left is not None:
            self._remember(self.left, past.round.id)
            if now.story.state == "paused":  # its buttons have outlived us: nobody needs a second ballot
                self._posted, self.left = Posted(self.left, past.round.id, None, past.round.opened), None
        message = show.ballot(view_of(now, past), self.house.translate)
        if self._posted is None or self._posted.round_id != past.round.id:
            await self._say(message, past.round.id)
            return None
        if message == self._posted.message:
            return None
        if (at := self._posted.at + self._interval) > self.house.clock.now():
            return at
        await self._edit(self._posted, message)
        return None

    async def _show_end(self, now: Situation) -> None:
        names = tuple(player.name for player in now.everybody)
        await self._say(show.ended(now.text, names, self.house.translate), None)

    async def _say(self, message: Message, round_id: int | None) -> None:
        """Posts the story's newest message, after the one before it has turned into what became of it."""
        if self._posted is not None and self._posted.message == message:
            return
        await self._retire()
        ref = await self._platform.post(self.place, message)
        early = self._interval - timedelta(seconds=self._platform.edit_seconds)  # the first vote is shown at once
        self._posted = Posted(ref, round_id, message, self.house.clock.now() - early)
        if round_id is not None:
            self._remember(ref, round_id)
        await self.house.database.write(lambda conn: stories.set_message(conn, self.story_id, ref))

    async def _retire(self) -> None:
        """Takes the buttons from the message before, and says there what became of its round."""
        if self.left is not None:
            await self._platform.edit(self.place, self.left, show.moved(self.house.translate))
            self.left = None
        if self._posted is None:
            return
        round_id = self._posted.round_id
        past = None
        if round_id is not None:
            past = await self.house.database.read(lambda conn: stories.round_with(conn, round_id))
        await self._edit(self._posted, show.moved(self.house.translate) if past is None else self._outcome(past))

    def _outcome(self, past: Past) -> Message:
        number, ballot, translate = past.round.position + 1, ballot_of(past), self.house.translate
        reason = reason_of(past.round)
        match past.round.state:
            case "closed" if reason is not None and past.round.winner is not None:
                winner = ballot.at(past.round.winner)
                return show.outcome(number, winner, reason, ballot.tally[winner.slot], len(ballot.votes), translate)
            case "undone":
                return show.undone(number, translate)
            case "dropped":
                return show.dropped(number, translate)
            case _:
                return show.moved(translate)

    async def _edit(self, posted: Posted, message: Message) -> None:
        await self._platform.edit(self.place, posted.ref, message)
        self._posted = replace(posted, message=message, at=self.house.clock.now())

    def _remember(self, ref: str, round_id: int) -> None:
        self._ballots[ref] = round_id
        while len(self._ballots) > RECENT:
            self._ballots.popitem(last=False)

    @property
    def _interval(self) -> timedelta:
        """The least time between two redraws."""
        return timedelta(seconds=max(REFRESH, self._platform.edit_seconds))

    @property
    def _platform(self) -> Platform:
        return self.house.platforms[self.place.platform]
