"""All tables: who may do what at the story of a place, and what they are told."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation import Message, Notice, Person, Place, Platform
from bot.games import ballot as ballots
from bot.games import export, moves, show
from bot.games.clock import Clock, SystemClock
from bot.games.errors import NoStoryRuns, NoStoryYet, NothingToClose, RoundOver, StoryRuns, UnknownButton
from bot.games.moves import Beginning, Cast, Moment, Repeated
from bot.games.offers import offered, scored
from bot.games.records import Situation, ballot_of, situation, view_of
from bot.games.seats import Seats
from bot.games.story import continuation
from bot.games.table import House
from bot.text import checked
from generators.completion import Generator, Unit
from generators.errors import Translate, UserError, english
from storage import stories
from storage.database import Database
from storage.stories import Story

TOLD: Final = 100  # characters of a candidate in a notice; Telegram shows 200 in all
ACTION: Final = re.compile(r"v:(\d{1,18}):(\d{1,9})|r:(\d{1,18})", re.ASCII)


class Tables:
    """The stories of all places.

    Args:
        database: keeps them.
        generator: offers candidates.
        platforms: name to platform; may still be filled after this.
        clock: the machine's own by default.
        temperature: tells that of a place, for stories that have none of their own; 1 by default.
        seed: gives each round its seed; drawn from the system by default.
        translate: the language of what people read.
    """

    def __init__(
        self,
        database: Database,
        generator: Generator,
        platforms: Mapping[str, Platform],
        *,
        clock: Clock | None = None,
        temperature: Callable[[Place], Awaitable[float]] | None = None,
        seed: Callable[[], int] = lambda: secrets.randbits(63),
        translate: Translate = english,
    ) -> None:
        self._house = House(database, generator, platforms, clock or SystemClock(), seed, temperature, translate)
        self._seats = Seats(self._house)

    async def resume(self) -> None:
        """Takes up all running stories after a restart; call it once the platforms are there.

        An open round closes at its deadline, but not within the next ten seconds, and its ballot is posted again.
        """
        await self._seats.resume()

    async def settled(self) -> None:
        """Returns once everything that is due now has been done and shown."""
        await self._seats.settled()

    async def close(self) -> None:
        """Stops; what runs goes on after `resume`."""
        await self._seats.close()

    async def start(
        self,
        place: Place,
        person: Person,
        *,
        text: str = "",
        unit: Unit = Unit.WORD,
        candidates: int = 5,
        seconds: float = 60.0,
        solo: bool = False,
        model: str,
        temperature: float | None = None,
        label: str | None = None,
        origin: int | None = None,
    ) -> str:
        """Begins a story; its first ballot is posted right after.

        Args:
            temperature: of draws; None follows the place's.

        Raises:
            StoryRuns: one runs there.
            UserError: the text cannot be used, or the model cannot go on from it.
        """
        checked(text, "the beginning")
        running = await self._house.database.read(lambda conn: stories.running(conn, place.key))
        if running is not None:
            if origin is not None and running.origin == origin:
                return self._say("The story is running; vote with the buttons of its ballot.")
            raise StoryRuns
        first = await offered(
            self._house.generator,
            model=model,
            prompt=text,
            unit=unit,
            n=candidates,
            seed=self._house.seed(),
            label=label,
            user=place.key,
        )
        beginning = Beginning(
            place=place,
            model=first.model,
            version=first.version,
            unit=unit.value,
            candidates=candidates,
            seconds=seconds,
            solo=solo,
            temperature=temperature,
            label=label,
            text=text,
            token_ids=first.token_ids,
        )
        when = self._moment(origin)
        try:
            story = await self._house.database.write(
                lambda conn: moves.start(conn, beginning, first.offer, person, when)
            )
        except Repeated:
            return self._say("This was done already.")
        self._seats.seat(story, place)
        if first.dropped:
            return self._say(
                "A story begins; vote with the buttons of its ballot. The model cannot look back so far: "
                "the first {dropped} tokens of your text stay unread.",
                dropped=first.dropped,
            )
        return self._say("A story begins; vote with the buttons of its ballot.")

    async def join(self, place: Place, person: Person, *, origin: int | None = None) -> str:
        """Makes somebody a player, for whom rounds wait.

        Raises:
            NoStoryRuns: there is none.
        """
        when = self._moment(origin)
        return await self._move(
            lambda conn: moves.join(conn, place.key, person, when),
            self._say("{name} plays along; rounds wait for every player's vote.", name=person.name),
        )

    async def pause(self, place: Place, person: Person, *, origin: int | None = None) -> str:
        """Stops the clock until somebody presses.

        Raises:
            NoStoryRuns, NotYours, PausedAlready: it cannot be paused, or not by this person.
        """
        when = self._moment(origin)
        return await self._move(
            lambda conn: moves.pause(conn, place.key, person, when),
            self._say("The story is paused; press any of its buttons to go on."),
        )

    async def undo(self, place: Place, person: Person, *, origin: int | None = None) -> str:
        """Takes the last unit back and opens its round again.

        Raises:
            NoStoryRuns, NotYours, NothingToUndo: nothing can be taken back, or not by this person.
        """
        when, seed = self._moment(origin), self._house.seed()
        return await self._move(
            lambda conn: moves.undo(conn, place.key, person, seed, when),
            self._say("The last choice was taken back; vote on it again."),
        )

    async def skip(self, place: Place, person: Person, *, origin: int | None = None) -> str:
        """Closes the round now.

        Raises:
            NoStoryRuns, NotYours, NothingToClose: no round is open, or it is not this person's to close.
        """
        when = self._moment(origin, await self._house.temperature_at(place))
        return await self._move(
            lambda conn: moves.skip(conn, place.key, person, when), self._say("The round was closed.")
        )

    async def stop(self, place: Place, person: Person, *, origin: int | None = None) -> str:
        """Ends the story as it is.

        Raises:
            NoStoryRuns, NotYours: none runs, or it is not this person's to end.
        """
        when = self._moment(origin)
        return await self._move(
            lambda conn: moves.stop(conn, place.key, person, when), self._say("The story was ended.")
        )

    async def write(self, place: Place, person: Person, text: str, *, origin: int | None = None) -> str:
        """Adds a write-in to the ballot, with its writer's vote.

        Raises:
            NoStoryRuns, NothingToClose: there is no ballot to write on.
            UserError: the write-in is refused; see `ballot.acceptable`.
        """
        checked(text, "a write-in", ballots.LONGEST_WRITE_IN)
        now = await self._house.database.read(lambda conn: _now(conn, place.key))
        if now.past is None:
            raise NothingToClose
        past = now.past
        appended = continuation(now.text, text, Unit(now.story.unit))
        ballots.acceptable(ballot_of(past), person.key, appended)
        alternative = await scored(self._house.generator, now.story, now.token_ids, appended)
        when = self._moment(origin, await self._house.temperature_at(place))
        try:
            written = await self._house.database.write(
                lambda conn: moves.write_in(conn, past.round.id, appended, alternative, person, when)
            )
        except Repeated:
            return self._say("This was done already.")
        self._seats.wake(now.story.id)
        return self._say("«{text}» is on the ballot, with your vote.", text=show.shown(written))

    async def show(
        self,
        place: Place,
        person: Person,  # noqa: ARG002  # all moves are asked for alike
        *,
        origin: int | None = None,  # noqa: ARG002
    ) -> Message:
        """The story as it stands, with its ballot; the last one of the place where none runs.

        Raises:
            NoStoryYet: there never was one.
        """
        story = await self._latest(place)
        now = await self._house.database.read(lambda conn: situation(conn, story.id))
        if now is None:
            raise NoStoryYet
        translate = self._house.translate
        if now.story.state == "ended":
            return show.ended(now.text, tuple(player.name for player in now.everybody), translate)
        if now.past is None:
            return Message(show.ending(now.text, show.TEXT) or translate("The next round is being opened."))
        return show.ballot(view_of(now, now.past), translate)

    async def export(
        self,
        place: Place,
        person: Person,  # noqa: ARG002  # all moves are asked for alike
        form: export.Format = "md",
        *,
        origin: int | None = None,  # noqa: ARG002
    ) -> Message:
        """The place's newest story as a file.

        Raises:
            NoStoryYet: there never was one.
        """
        story = await self._latest(place)
        told = await self._house.database.read(lambda conn: export.told(conn, story))
        file = export.attachment(told, form, self._house.translate)
        return Message(self._say("The story, with {count} rounds:", count=len(told.history)), attachments=(file,))

    async def press(self, action: str, person: Person, place: Place, *, origin: int | None = None) -> Notice:
        """Counts a press on a story's button, and says what it did once it is stored."""
        try:
            return Notice(await self._pressed(action, person, place, origin))
        except UserError as fault:
            return Notice(fault.sentence(self._house.translate))

    async def reply(
        self, message: str, text: str, person: Person, place: Place, *, origin: int | None = None
    ) -> str | None:
        """Takes an answer to a ballot as a write-in; None where the message is no ballot.

        Raises:
            RoundOver: the ballot's round is over.
            UserError: as `write` does.
        """
        story = await self._house.database.read(lambda conn: stories.running(conn, place.key))
        table = None if story is None else self._seats.at(story.id)
        answered = None if table is None else table.ballot(message)
        if story is None or answered is None:
            return None
        open_round = await self._house.database.read(lambda conn: stories.current(conn, story.id))
        if open_round is None or open_round.id != answered:
            raise RoundOver
        return await self.write(place, person, text, origin=origin)

    async def _pressed(self, action: str, person: Person, place: Place, origin: int | None) -> str:
        numbers = ACTION.fullmatch(action)
        if numbers is None:
            raise UnknownButton
        when = self._moment(origin, await self._house.temperature_at(place))
        try:
            if numbers[3] is None:
                round_id, slot = int(numbers[1]), int(numbers[2])
                cast = await self._house.database.write(
                    lambda conn: moves.press(conn, round_id, slot, place.key, person, when)
                )
                self._seats.wake(cast.story)
                return _counted(cast, self._house.translate)
            story_id = int(numbers[3])
            await self._house.database.write(lambda conn: moves.resume(conn, story_id, place.key, when))
        except Repeated:
            return self._say("This was done already.")
        self._seats.wake(story_id)
        return self._say("The story goes on.")

    async def _move(self, move: Callable[[AsyncConnection], Awaitable[Story]], answer: str) -> str:
        """Makes a move and wakes its table."""
        try:
            story = await self._house.database.write(move)
        except Repeated:
            return self._say("This was done already.")
        self._seats.wake(story.id)
        return answer

    async def _latest(self, place: Place) -> Story:
        story = await self._house.database.read(lambda conn: stories.latest(conn, place.key))
        if story is None:
            raise NoStoryYet
        return story

    def _moment(self, origin: int | None, temperature: float = 1.0) -> Moment:
        return Moment(self._house.clock.now(), temperature, origin)

    def _say(self, sentence: str, **facts: object) -> str:
        return self._house.translate(sentence, **facts)


async def _now(conn: AsyncConnection, place: str) -> Situation:
    story = await stories.running(conn, place)
    now = None if story is None else await situation(conn, story.id)
    if now is None:
        raise NoStoryRuns
    return now


def _counted(cast: Cast, translate: Translate) -> str:
    """What somebody is told who has pressed."""
    text = show.shortened(show.shown(cast.candidate), TOLD)
    if cast.resumed:
        return translate("You voted for «{text}»; the story goes on.", text=text)
    if cast.before == cast.candidate:
        return translate("Your vote is for «{text}» already.", text=text)
    if cast.before is not None:
        return translate("Your vote is now for «{text}».", text=text)
    return translate("You voted for «{text}».", text=text)
