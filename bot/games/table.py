"""The room around one story: opens its rounds, keeps its deadlines, and shows what happens.

All that is certain is in the database: a move is a transaction (see `moves`), and the table looks at what is stored,
does what is due, shows it, and rests until the next deadline or the next move. So after a restart it goes on where it
stopped, without a word of its own to remember.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.conversation import Message, Place
from bot.games import moves, show
from bot.games.house import House
from bot.games.moves import Moment
from bot.games.offers import next_offer
from bot.games.records import Situation, ballot_of, reason_of, situation, view_of, written
from bot.languages import translator
from bot.outbox import Outbox, Urgency
from generators.errors import ShuttingDown, Translate, UserError
from storage import rounds, stories
from storage.rounds import Past

FIRST_PAUSE: Final = 1.0  # seconds after a platform or the disk failed; doubles as long as it goes on failing
RETRIES: Final = 60.0  # seconds; the longest such pause

log = structlog.get_logger(__name__)


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
        language: of its ballots.
    """

    story_id: int
    place: Place
    house: House
    left: str | None = None
    language: str = "en"
    _posted: Posted | None = None
    _stuck: UserError | None = None
    _over: bool = False
    _deadline: datetime | None = None  # of the open round
    _due: datetime | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _resting: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begins to keep the story going."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"story {self.story_id}")
            self._task.add_done_callback(self._ended)

    def wake(self) -> None:
        """Something was stored: look at it."""
        self._wake.set()

    def retry(self) -> None:
        """Somebody wants it to go on: try again what the model failed at."""
        self._stuck = None
        self.wake()

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
        pause = FIRST_PAUSE
        while not self._over:
            self._wake.clear()
            try:
                due = await self._step()
                pause = FIRST_PAUSE
            except Exception:  # a platform or the disk: the story waits for it and goes on
                log.exception("a story is held up", story=self.story_id, place=self.place.key)
                due = self._again_in(pause)
                pause = min(2 * pause, RETRIES)
            if not self._over and not self._wake.is_set():
                await self._rest(due)
        self._resting.set()

    def _again_in(self, seconds: float) -> datetime:
        """When to try again; a round closes at its deadline meanwhile."""
        now = self.house.clock.now()
        again = now + timedelta(seconds=seconds)
        return again if self._deadline is None or self._deadline <= now else min(again, self._deadline)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("a story has lost its table", story=self.story_id, place=self.place.key, exc_info=fault)

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
            self._deadline = None
            return await self._go_on(now)
        self._stuck = None  # it has found candidates, or taken back a unit
        self._deadline = deadline = None if now.story.state == "paused" else now.past.round.deadline
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
            so_far = await self.house.database.read(lambda conn: written(conn, now.story))
            try:
                offer = await next_offer(self.house.generator, now.story, so_far.token_ids, self.house.seed())
            except ShuttingDown:
                raise  # the story goes on after the restart
            except UserError as fault:
                self._stuck = fault
            else:
                at = self.house.clock.now()
                await self.house.database.write(
                    lambda conn: moves.open_next(conn, self.story_id, so_far.last, offer, at)
                )
                self.wake()
                return None
        at = self.house.clock.now()
        await self.house.database.write(lambda conn: moves.stall(conn, self.story_id, at))
        if self._stuck is not None:  # nobody pressed meanwhile
            await self._say(show.stuck(now.ending, self._stuck, self.story_id, self._translate), None)
        return None

    async def _show_ballot(self, now: Situation, past: Past) -> datetime | None:
        """Posts the ballot of a new round, redraws that of a known one; or says when it may be redrawn."""
        if self.left is not None:
            self.house.retired.add(self.place, self.left, past.round.id)
            if now.story.state == "paused":  # its buttons have outlived us: nobody needs a second ballot
                self._posted, self.left = Posted(self.left, past.round.id, None, past.round.opened), None
        message = show.ballot(view_of(now, past), self._translate)
        if self._posted is None or self._posted.round_id != past.round.id:
            await self._say(message, past.round.id)
            return None
        if message == self._posted.message:
            return None
        if (at := self._posted.at + self._interval) > self.house.clock.now():
            return at
        if not await self._edit(self._posted, message, Urgency.TALLY):
            self._posted = None  # somebody deleted it
            await self._say(message, past.round.id)
        return None

    async def _show_end(self, now: Situation) -> None:
        names = tuple(player.name for player in now.everybody)
        await self._say(show.ended(now.ending, names, self._translate), None)

    async def _say(self, message: Message, round_id: int | None) -> None:
        """Posts the story's newest message, after the one before it has turned into what became of it."""
        if self._posted is not None and self._posted.message == message:
            return
        try:
            await self._retire()
        except Exception:  # whoever presses its buttons is told that the round is over
            log.exception("a ballot keeps its buttons", story=self.story_id, place=self.place.key)
        ref = await self._outbox.post(self.place, message, urgency=Urgency.ROUND)
        self.left = None
        early = self._interval - timedelta(seconds=self._outbox.edit_seconds(self.place))
        self._posted = Posted(ref, round_id, message, self.house.clock.now() - early)  # the first vote is shown soon
        await self.house.database.write(lambda conn: stories.set_message(conn, self.story_id, ref))

    async def _retire(self) -> None:
        """Takes the buttons from the message before, and says there what became of its round."""
        if self.left is not None:
            await self._outbox.edit(self.place, self.left, show.moved(self._translate), urgency=Urgency.ROUND)
        if self._posted is None:
            return
        round_id = self._posted.round_id
        past = None
        if round_id is not None:
            self.house.retired.add(self.place, self._posted.ref, round_id)
            past = await self.house.database.read(lambda conn: rounds.round_with(conn, round_id))
        became = show.moved(self._translate) if past is None else self._outcome(past)
        await self._edit(self._posted, became, Urgency.ROUND)

    def _outcome(self, past: Past) -> Message:
        number, ballot, translate = past.round.position + 1, ballot_of(past), self._translate
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

    async def _edit(self, posted: Posted, message: Message, urgency: Urgency) -> bool:
        """Changes the newest message; False where it is gone."""
        ref = await self._outbox.edit(self.place, posted.ref, message, urgency=urgency)
        self._posted = replace(posted, ref=ref or posted.ref, message=message, at=self.house.clock.now())
        return ref is not None

    @property
    def _interval(self) -> timedelta:
        """The least time between two redraws."""
        return timedelta(seconds=self._outbox.tally_seconds(self.place))

    @property
    def _outbox(self) -> Outbox:
        return self.house.outboxes[self.place.platform]

    @property
    def _translate(self) -> Translate:
        return translator(self.language)
