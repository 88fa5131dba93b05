"""Keeps one running game going: does what is due, and shows what happens.

All that is certain is in the database: a move is a transaction, and the host looks at what is stored, does what is due,
shows it, and rests until the next deadline or the next move. So after a restart it goes on where it stopped, without a
word of its own to remember. It knows no rules of any game; see `kinds`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation import MayNotWrite, Message, Place, parts
from bot.games.house import House
from bot.games.kinds import Kind, Rule
from bot.games.newest import REPOST
from bot.games.resting import Rest
from bot.languages import translator
from bot.outbox import Outbox, Urgency
from generators.errors import ShuttingDown, Translate, UserError
from storage import games
from storage.games import Game

FIRST_PAUSE: Final = 1.0  # seconds after a platform or the disk failed; doubles as long as it goes on failing
RETRIES: Final = 60.0  # seconds; the longest such pause
SLOW: Final = timedelta(seconds=2)  # of a model; a quicker one is not worth a message of its own
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Posted:
    """The newest message of a game.

    Attributes:
        ref: its id on the platform.
        page: of the match that it shows.
        message: what it says now; None if that is not known.
        at: when it was last changed.
    """

    ref: str
    page: int
    message: Message | None
    at: datetime


@dataclass(eq=False)
class Host:
    """One running game in its place.

    Attributes:
        game_id: whose host it is.
        kind: its rules.
        place: where it stands.
        left: the message that an earlier process left as the game's newest.
        language: of its messages.
    """

    game_id: int
    kind: Kind[Any]
    place: Place
    house: House
    left: str | None = None
    language: str = "en"
    _posted: Posted | None = None
    _fault: UserError | None = None
    _muted: bool = False
    _deleted: int | None = None  # the page of the message that was deleted last
    _repost_at: datetime | None = None
    _over: bool = False
    _begun: datetime = LONG_AGO  # when the model was asked
    _rest: Rest = field(init=False)
    _task: asyncio.Task[None] | None = None
    _work: asyncio.Task[Rule[Any]] | None = None

    def __post_init__(self) -> None:
        self._rest = Rest(self.house.clock)

    def open(self) -> None:
        """Begins to keep the game going."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"{self.kind.name} {self.game_id}")
            self._task.add_done_callback(self._ended)

    def wake(self) -> None:
        """Something was stored: look at it."""
        self._rest.wake()

    def look_again(self) -> None:
        """Somebody does something here: if nothing could be said before, try again."""
        if self._muted:
            self.wake()

    def repost(self, message: str) -> None:
        """Somebody deleted a message: where it is the game's newest, it is posted again."""
        if self._posted is not None and message in parts(self._posted.ref):
            self._deleted, self._posted = self._posted.page, None
            self.wake()

    @property
    def over(self) -> bool:
        """Whether the game has ended, and has been shown so."""
        return self._over

    async def settled(self) -> None:
        """Returns once everything that can be done now has been done and shown."""
        while not self._over:
            await self._rest.begun()
            if self._work is not None:
                await asyncio.wait({self._work})
            elif not self._rest.woken:
                return
            await asyncio.sleep(0)  # it has been woken, and rises

    async def close(self) -> None:
        """Stops keeping the game going; a new host takes it up where it is."""
        running: set[asyncio.Task[Any]] = {task for task in (self._task, self._work) if task is not None}
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._over:
            self._rest.look()
            try:
                due = await self._step()
                pause, self._muted = FIRST_PAUSE, False
            except MayNotWrite as fault:
                self._hush(fault)
                due = None
            except Exception:  # a platform or the disk: the game waits for it and goes on
                log.exception("a game is held up", game=self.game_id, place=self.place.key)
                due = self.house.clock.now() + timedelta(seconds=pause)
                pause = min(2 * pause, RETRIES)
            if not self._over:
                await self._rest.until(due)
        self._rest.end()

    def _hush(self, fault: MayNotWrite) -> None:
        """The bot was silenced here: it says nothing until somebody does something."""
        if not self._muted:
            log.warning("a game may not be shown", game=self.game_id, place=self.place.key, reason=str(fault))
        self._muted = True

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("a game has lost its host", game=self.game_id, place=self.place.key, exc_info=fault)

    async def _step(self) -> datetime | None:
        """Does what is due, and says when the next thing will be."""
        game = await self.house.database.read(lambda conn: games.get(conn, self.game_id))
        match = None if game is None else self.kind.load(game.state)
        if game is None or match is None or match.over or not game.running:
            await self._drop_work()
            if game is not None and match is not None and match.over:
                await self._show_end(match)
            self._over = True
            return None
        if match.deadline is not None and match.deadline <= self.house.clock.now():
            await self._apply(self.kind.expired)
            return None
        if match.working and not match.paused:
            return await self._let_work(match)
        await self._drop_work()
        if not match.paused:
            self._fault = None
        redraw = await self._show(match)
        return min((moment for moment in (match.deadline, redraw) if moment is not None), default=None)

    async def _let_work(self, match: Any) -> datetime | None:
        """Asks the model, and stores what it has written once it has; shows that it writes where that takes long."""
        if self._work is None:
            self._fault = None
            self._begun = self.house.clock.now()
            self._work = asyncio.create_task(self.kind.work(match, self.place, self.house))
            self._work.add_done_callback(lambda _: self.wake())
        if not self._work.done():
            slow = self._begun + SLOW
            return slow if slow > self.house.clock.now() else await self._show(match)
        work, self._work = self._work, None
        try:
            rule = work.result()
        except ShuttingDown:
            raise  # the game goes on after the restart
        except UserError as fault:
            self._fault = fault
            rule = self.kind.stalled
        await self._apply(rule)
        return None

    async def _drop_work(self) -> None:
        """Nobody wants any more what the model is writing."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait({self._work})
            self._work = None

    async def _apply(self, rule: Rule[Any]) -> None:
        """Gives the game its next state; where somebody else was quicker, the next step looks again."""
        now = self.house.clock.now()

        async def change(conn: AsyncConnection) -> Game | None:
            game = await games.get(conn, self.game_id)
            if game is None or not game.running:
                return None
            match = rule(self.kind.load(game.state), now)
            return await games.change(conn, game, self.kind.dump(match), match.deadline, running=not match.over)

        await self.house.database.write(change)
        self.wake()

    async def _show(self, match: Any) -> datetime | None:
        """Posts the message of a new page, redraws that of a known one; or says when it may be redrawn."""
        message = self.kind.show(match, self.game_id, self._fault, self._translate)
        if self.left is not None and match.paused:  # its buttons have outlived us: nobody needs a second message
            self._posted, self.left = Posted(self.left, match.page, None, LONG_AGO), None
        if self._posted is None or self._posted.page != match.page:
            return await self._say_unless_deleted(match, message)
        if message == self._posted.message:
            return None
        if (at := self._posted.at + self._interval) > self.house.clock.now():
            return at
        if await self._edit(self._posted, message):
            return None
        self._deleted, self._posted = match.page, None
        return await self._say_unless_deleted(match, message)

    async def _say_unless_deleted(self, match: Any, message: Message) -> datetime | None:
        """Posts the newest message; one that keeps being deleted is not posted again at once."""
        now = self.house.clock.now()
        if self._deleted == match.page:
            if self._repost_at is not None and now < self._repost_at:
                return self._repost_at
            self._repost_at = now + REPOST
        await self._say(match, message)
        return None

    async def _show_end(self, match: Any) -> None:
        """Posts the end, where it may be shown; as this is noted, it is done once, but for a fall in between."""
        message = self.kind.show(match, self.game_id, None, self._translate)
        try:
            if self._posted is None or self._posted.message != message:
                await self._say(match, message)
        except MayNotWrite as fault:
            self._hush(fault)
        await self.house.database.write(lambda conn: games.set_message(conn, self.game_id, None))

    async def _say(self, match: Any, message: Message) -> None:
        """Posts the game's newest message, after the one before it has turned into what became of it."""
        try:
            await self._turn(match)
        except Exception:  # whoever presses its buttons is told how things stand
            log.exception("a message keeps its buttons", game=self.game_id, place=self.place.key)
        ref = await self._outbox.post(self.place, message, urgency=Urgency.ROUND)
        self.left = None
        early = self._interval - timedelta(seconds=self._outbox.edit_seconds(self.place))  # the first change shows soon
        self._posted = Posted(ref, match.page, message, self.house.clock.now() - early)
        await self.house.database.write(lambda conn: games.set_message(conn, self.game_id, ref))

    async def _turn(self, match: Any) -> None:
        """Takes the buttons from the message before."""
        if self.left is not None:
            self.house.retired.add(self.place, self.left, self.game_id)
            message = self.kind.turned(match, -1, self._translate)
            await self._outbox.edit(self.place, self.left, message, urgency=Urgency.ROUND)
        if self._posted is not None:
            self.house.retired.add(self.place, self._posted.ref, self.game_id)
            message = self.kind.turned(match, self._posted.page, self._translate)
            await self._outbox.edit(self.place, self._posted.ref, message, urgency=Urgency.ROUND)

    async def _edit(self, posted: Posted, message: Message) -> bool:
        """Changes the newest message; False where it is gone."""
        ref = await self._outbox.edit(self.place, posted.ref, message, urgency=Urgency.ROUND)
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
