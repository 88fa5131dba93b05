"""The room around one story: opens its rounds, keeps its deadlines, and shows what happens.

All that is certain is in the database: a move is a transaction (see `moves`), and the table looks at what is stored,
does what is due, shows it, and rests until the next deadline or the next move. So after a restart it goes on where it
stopped, without a word of its own to remember.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.conversation import MayNotWrite, Place
from bot.games import moves, show
from bot.games.house import House
from bot.games.moves import Moment
from bot.games.newest import NewestMessage
from bot.games.offers import next_offer
from bot.games.records import Situation, situation, view_of, written
from bot.games.resting import Rest
from bot.languages import translator
from generators.errors import ShuttingDown, Translate, UserError
from storage.errors import StorageError
from storage.rounds import Past

FIRST_PAUSE: Final = 1.0  # seconds after a platform or the disk failed; doubles as long as it goes on failing
RETRIES: Final = 60.0  # seconds; the longest such pause

log = structlog.get_logger(__name__)


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
    _newest: NewestMessage = field(init=False)
    _stuck: UserError | None = None
    _muted: MayNotWrite | None = None
    _over: bool = False
    _deadline: datetime | None = None  # of the open round
    _rest: Rest = field(init=False)
    _task: asyncio.Task[None] | None = None
    _tally: tuple[datetime, asyncio.Task[None]] | None = None  # when it may be redrawn, and who waits for that

    def __post_init__(self) -> None:
        self._rest = Rest(self.house.clock)
        self._newest = NewestMessage(self.story_id, self.place, self.house, self.left, self.language, self.wake)

    def open(self) -> None:
        """Begins to keep the story going."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"story {self.story_id}")
            self._task.add_done_callback(self._ended)

    def wake(self) -> None:
        """Something was stored: look at it."""
        self._rest.wake()

    def voted(self) -> None:
        """A vote was counted, and nothing else has changed: the tally is looked at when it may be redrawn.

        Where many vote at once, looking at once is what most of the time would go into.
        """
        at = self._newest.redraw_at
        if at is None or at <= self.house.clock.now():
            self.wake()
        elif self._tally is None:
            self._tally = at, asyncio.create_task(self._wake_at(at))

    def retry(self) -> None:
        """Somebody wants it to go on: try again what the model failed at."""
        self._stuck = None
        self.wake()

    def look_again(self) -> None:
        """Somebody does something here: if nothing could be said before, try again."""
        if self._muted is not None:
            self.wake()

    def repost(self, message: str) -> None:
        """Somebody deleted a message: where it is the newest one, it is posted again."""
        self._newest.deleted(message)

    def round_of(self, message: str) -> int | None:
        """The round whose ballot a message is, or a part of."""
        return self._newest.round_of(message)

    @property
    def over(self) -> bool:
        """Whether the story has ended, and has been shown so."""
        return self._over

    async def settled(self) -> None:
        """Returns once everything that can be done now has been done and shown."""
        while not self._over:
            await self._rest.begun()
            tally_due = self._tally is not None and self._tally[0] <= self.house.clock.now()
            if not self._rest.woken and not tally_due:
                return
            await asyncio.sleep(0)  # it has been woken, and rises

    async def close(self) -> None:
        """Stops keeping the story going; a new table takes it up where it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        if self._tally is not None:
            self._tally[1].cancel()
        self._newest.close()

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._over:
            self._rest.look()
            try:
                due = await self._step()
                pause, self._muted = FIRST_PAUSE, None
            except MayNotWrite as fault:
                due = await self._hush(fault)
            except Exception:  # a platform or the disk: the story waits for it and goes on
                log.exception("a story is held up", story=self.story_id, place=self.place.key)
                due = self._again_in(pause)
                pause = min(2 * pause, RETRIES)
            if not self._over:
                await self._rest.until(due)
        self._rest.end()

    async def _wake_at(self, moment: datetime) -> None:
        await self.house.clock.sleep_until(moment)
        self._tally = None
        self.wake()

    async def _hush(self, fault: MayNotWrite) -> datetime | None:
        """The bot was silenced here: the story pauses without a word, until somebody does something."""
        if self._muted is None:
            log.warning("a story may not be shown", story=self.story_id, place=self.place.key, reason=str(fault))
        self._muted = fault
        try:
            at = self.house.clock.now()
            self._over = not await self.house.database.write(lambda conn: moves.hush(conn, self.story_id, at))
        except StorageError:
            log.exception("a story is held up", story=self.story_id, place=self.place.key)
            return self._again_in(FIRST_PAUSE)
        self._deadline = None
        return None

    def _again_in(self, seconds: float) -> datetime:
        """When to try again; a round closes at its deadline meanwhile."""
        now = self.house.clock.now()
        again = now + timedelta(seconds=seconds)
        return again if self._deadline is None or self._deadline <= now else min(again, self._deadline)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("a story has lost its table", story=self.story_id, place=self.place.key, exc_info=fault)

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
        due = None
        if self._stuck is not None:  # nobody pressed meanwhile
            due = await self._newest.show(show.stuck(now.ending, self._stuck, self.story_id, self._translate), None)
        return due

    async def _show_ballot(self, now: Situation, past: Past) -> datetime | None:
        """Shows the open round; or says when that may be done."""
        if now.story.state == "paused":
            self._newest.take_up(past.round)
        return await self._newest.show(show.ballot(view_of(now, past), self._translate), past.round.id)

    async def _show_end(self, now: Situation) -> None:
        names = tuple(player.name for player in now.everybody)
        await self._newest.say(show.ended(now.ending, names, self._translate), None)

    @property
    def _translate(self) -> Translate:
        return translator(self.language)
