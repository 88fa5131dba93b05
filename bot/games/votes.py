"""What people do with ballots: press a button, write something in, answer one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation import Button, Notice, Person, Place
from bot.games import actions, moves, show
from bot.games import ballot as ballots
from bot.games.actions import GoOn, WriteIn
from bot.games.errors import NoStoryRuns, NothingToClose, RoundOver
from bot.games.house import House
from bot.games.moves import Cast, Moment, RanOut, Repeated
from bot.games.offers import scored
from bot.games.records import Written, ballot_of, written
from bot.games.seats import Seats
from bot.games.story import continuation
from bot.languages import translator
from bot.text import checked
from generators.completion import Unit
from generators.errors import Phrase, Translate, UserError
from storage import rounds, stories
from storage.rounds import Past
from storage.stories import Story

TOLD: Final = 100  # characters of a candidate in a notice; Telegram shows 200 in all


class Votes:
    """Votes and write-ins of all places.

    Args:
        house: what all tables share.
        seats: the tables, which see what was voted.
    """

    def __init__(self, house: House, seats: Seats) -> None:
        self._house = house
        self._seats = seats

    async def press(
        self, action: str, person: Person, place: Place, *, text: str = "", origin: int | None = None
    ) -> Notice:
        """Counts a press on a story's button, and says what it did once it is stored.

        Args:
            text: the line that the button asked for.
        """
        translate = translator(person.language)
        try:
            return Notice(await self._pressed(action, person, place, text, origin, translate))
        except UserError as fault:
            return Notice(fault.sentence(translate))

    async def write(self, place: Place, person: Person, text: str, *, origin: int | None = None) -> str:
        """Adds a write-in to the open ballot, with its writer's vote.

        Raises:
            NoStoryRuns, NothingToClose: there is no ballot to write on.
            UserError: the write-in is refused; see `ballot.acceptable`.
        """
        return await self._written_in(place, person, text, None, origin)

    async def reply(
        self,
        message: str,
        text: str,
        person: Person,
        place: Place,
        *,
        buttons: Sequence[Button] = (),
        origin: int | None = None,
    ) -> str | None:
        """Takes an answer to a ballot as a write-in; None where the message is no ballot.

        Args:
            buttons: of the message; they say whose ballot it is.

        Raises:
            RoundOver: the ballot's round is over.
            UserError: as `write` does.
        """
        round_id = actions.ballot_of(buttons)
        if round_id is None:
            round_id = self._house.retired.of(place, message)
        if round_id is None:
            round_id = self._seats.round_of(place, message)
        return None if round_id is None else await self._written_in(place, person, text, round_id, origin)

    async def _pressed(
        self, action: str, person: Person, place: Place, text: str, origin: int | None, translate: Translate
    ) -> str:
        pressed = actions.read(action)
        if isinstance(pressed, WriteIn):
            return await self._written_in(place, person, text, pressed.round_id, origin)
        when = await self._moment(place, origin)
        try:
            if isinstance(pressed, GoOn):
                story_id = pressed.story_id
                await self._house.database.write(lambda conn: moves.resume(conn, story_id, place.key, when))
                self._seats.retry(story_id)
                return translate("The story goes on.")
            round_id, slot = pressed
            cast = await self._house.database.write(
                lambda conn: moves.press(conn, round_id, slot, place.key, person, when)
            )
        except Repeated:
            return translate("This was done already.")
        if isinstance(cast, RanOut):
            self._seats.wake(cast.story)
            raise RoundOver
        if cast.closed or cast.resumed:
            self._seats.wake(cast.story)
        else:
            self._seats.voted(cast.story)
        return _counted(cast, translate)

    async def _written_in(
        self, place: Place, person: Person, text: str, round_id: int | None, origin: int | None
    ) -> str:
        """Adds a write-in to the ballot of a round, or of the one that is open."""
        translate = translator(person.language)
        checked(text, Phrase("a write-in"), ballots.LONGEST_WRITE_IN)
        story, past, so_far = await self._house.database.read(lambda conn: _asked(conn, place.key, round_id))
        appended = continuation(so_far.text, text, Unit(story.unit))
        the_end = translator(story.language)(ballots.THE_END)
        ballots.acceptable(ballot_of(past), person.key, appended, the_end)
        alternative = await scored(self._house.generator, story, so_far.token_ids, appended)
        when = await self._moment(place, origin)
        try:
            added = await self._house.database.write(
                lambda conn: moves.write_in(conn, past.round.id, appended, alternative, person, when)
            )
        except Repeated:
            return translate("This was done already.")
        self._seats.wake(story.id)
        if isinstance(added, RanOut):
            raise RoundOver
        return translate("«{text}» is on the ballot, with your vote.", text=show.shown(added, translate=translate))

    async def _moment(self, place: Place, origin: int | None) -> Moment:
        temperature = await self._house.temperature_at(place)
        return Moment(self._house.clock.now(), temperature, origin)


async def _asked(conn: AsyncConnection, place: str, round_id: int | None) -> tuple[Story, Past, Written]:
    """The story of a place, its open round, and all that stands before it.

    Raises:
        NoStoryRuns, NothingToClose: there is no open round.
        RoundOver: another one than `round_id` is open, or none.
    """
    story = await stories.running(conn, place)
    open_round = None if story is None else await rounds.current(conn, story.id)
    if round_id is not None and (open_round is None or open_round.id != round_id):
        raise RoundOver
    if story is None:
        raise NoStoryRuns
    past = None if open_round is None else await rounds.round_with(conn, open_round.id)
    if past is None:
        raise NothingToClose
    return story, past, await written(conn, story)


def _counted(cast: Cast, translate: Translate) -> str:
    """What somebody is told who has pressed."""
    text = show.shown(cast.candidate, TOLD, translate)
    if cast.resumed:
        return translate("You voted for «{text}»; the story goes on.", text=text)
    if cast.before == cast.candidate:
        return translate("Your vote is for «{text}» already.", text=text)
    if cast.before is not None:
        return translate("Your vote is now for «{text}».", text=text)
    return translate("You voted for «{text}».", text=text)
