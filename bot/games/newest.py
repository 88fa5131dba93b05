"""The newest message of a story: posted, redrawn, turned into what became of its round, posted again if deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.conversation import MayNotWrite, Message, Place, parts
from bot.games import show
from bot.games.house import House
from bot.games.records import ballot_of, reason_of
from bot.languages import translator
from bot.outbox import Outbox, Turn, Urgency
from generators.errors import Translate
from storage import rounds, stories
from storage.rounds import Past, Round

REPOST: Final = timedelta(seconds=10)  # between two posts of a message that somebody, or something, keeps deleting

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
class NewestMessage:
    """What a story shows.

    Attributes:
        story_id: whose message it is.
        place: where it stands.
        left: the message that an earlier process left as the newest.
        language: of what is said.
        wake: is called when there may be something to show.
    """

    story_id: int
    place: Place
    house: House
    left: str | None
    language: str
    wake: Callable[[], None]
    _posted: Posted | None = None
    _turn: Turn | None = None  # asked for, to redraw it
    _deleted: Posted | None = None  # the one that was deleted last
    _repost_at: datetime | None = None

    async def show(self, message: Message, round_id: int | None) -> datetime | None:
        """Posts the message of a new round, redraws that of a known one; or says when it may be done."""
        if self.left is not None and round_id is not None:
            self.house.retired.add(self.place, self.left, round_id)
        if self._posted is None or self._posted.round_id != round_id:
            return await self._say_unless_deleted(message, round_id)
        if message == self._posted.message:
            self.close()
            return None
        if (at := self._posted.at + self._interval) > self.house.clock.now():
            return at
        if (turn := self._redrawing()) is None:
            return None  # the turn wakes the table, which then shows the state of then
        if not await self._edit(self._posted, message, Urgency.TALLY, turn):
            self._gone(self._posted)
        return None

    async def say(self, message: Message, round_id: int | None) -> None:
        """Posts a message, after the one before it has turned into what became of it."""
        if self._posted is not None and self._posted.message == message:
            return
        self.close()
        try:
            await self._retire()
        except MayNotWrite:
            raise
        except Exception as fault:  # whoever presses its buttons is told that the round is over
            log.warning(
                "a ballot keeps its buttons",
                story=self.story_id,
                place=self.place.key,
                reason=str(fault) or repr(fault),
            )
        ref = await self._outbox.post(self.place, message, urgency=Urgency.ROUND)
        self.left = None
        early = self._interval - timedelta(seconds=self._outbox.edit_seconds(self.place))
        self._posted = Posted(ref, round_id, message, self.house.clock.now() - early)  # the first vote is shown soon
        await self.house.database.write(lambda conn: stories.set_message(conn, self.story_id, ref))

    def take_up(self, round_: Round) -> None:
        """Goes on with the message that an earlier process left, whose buttons have outlived it."""
        if self.left is not None:
            self.house.retired.add(self.place, self.left, round_.id)
            self._posted, self.left = Posted(self.left, round_.id, None, round_.opened), None

    def deleted(self, message: str) -> None:
        """Somebody deleted a message: where it is the newest one, it is posted again."""
        if self._posted is not None and message in parts(self._posted.ref):
            self._gone(self._posted)

    def round_of(self, message: str) -> int | None:
        """The round whose ballot a message is, or a part of."""
        if self._posted is None or message not in parts(self._posted.ref):
            return None
        return self._posted.round_id

    @property
    def redraw_at(self) -> datetime | None:
        """When it may be redrawn; None where it is not posted."""
        return None if self._posted is None else self._posted.at + self._interval

    def close(self) -> None:
        """Wants no redraw any more."""
        if self._turn is not None:
            self._outbox.drop(self._turn)
            self._turn = None

    def _gone(self, deleted: Posted) -> None:
        self._posted, self._deleted = None, deleted
        self.wake()

    def _redrawing(self) -> Turn | None:
        """The turn to redraw the ballot, once it has come."""
        if self._turn is None:
            self._turn = self._outbox.ask(self.place, Urgency.TALLY)
            if not self._turn.granted.done():
                self._turn.granted.add_done_callback(lambda _: self.wake())
        if not self._turn.granted.done():
            return None
        turn, self._turn = self._turn, None
        return turn

    async def _say_unless_deleted(self, message: Message, round_id: int | None) -> datetime | None:
        """Posts the story's newest message; one that keeps being deleted is not posted again at once."""
        now = self.house.clock.now()
        if self._deleted is not None and self._deleted.round_id == round_id:
            if self._repost_at is not None and now < self._repost_at:
                return self._repost_at
            self._repost_at = now + REPOST
        await self.say(message, round_id)
        return None

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

    async def _edit(self, posted: Posted, message: Message, urgency: Urgency, turn: Turn | None = None) -> bool:
        """Changes the newest message; False where it is gone."""
        ref = await self._outbox.edit(self.place, posted.ref, message, urgency=urgency, turn=turn)
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
