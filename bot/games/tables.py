"""The stories of all places: begun, moved, shown and ended, and what people are told of it."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation import Message, Person, Place
from bot.games import export, keeping, moves, show
from bot.games.clock import Clock, SystemClock
from bot.games.errors import NoStoryYet, NoSuchStory, StoryRuns
from bot.games.house import House
from bot.games.moves import Beginning, Moment, Repeated
from bot.games.offers import offered
from bot.games.records import situation, view_of
from bot.games.seats import Seats
from bot.games.votes import Votes
from bot.languages import language_of, translator
from bot.outbox import Outbox
from bot.sharing import Ours, everywhere
from bot.text import checked
from bot.values import quoted
from generators.completion import Generator, Unit
from generators.errors import Phrase, Translate, english
from storage import stories
from storage.database import Database
from storage.stories import Story

CHOOSABLE: Final = 25  # stories that are offered while somebody types; Discord shows as many
NAME: Final = 100  # characters; Discord API v10, an option's choice
NUMBER: Final = re.compile(r"\d{1,18}", re.ASCII)


class Tables:
    """The stories of all places.

    Args:
        database: keeps them.
        generator: offers candidates.
        outboxes: what is said on each platform, by its name; may still be filled after this.
        clock: the machine's own by default.
        temperature: tells that of a place, for stories that have none of their own; 1 by default.
        seed: gives each round its seed; drawn from the system by default.
        ours: whether what runs at a place is this process's to keep going.

    Attributes:
        votes: what people do with ballots.
    """

    def __init__(
        self,
        database: Database,
        generator: Generator,
        outboxes: Mapping[str, Outbox],
        *,
        clock: Clock | None = None,
        temperature: Callable[[Place], Awaitable[float]] | None = None,
        seed: Callable[[], int] = lambda: secrets.randbits(63),
        ours: Ours = everywhere,
    ) -> None:
        self._house = House(database, generator, outboxes, clock or SystemClock(), seed, temperature, ours=ours)
        self._seats = Seats(self._house)
        self.votes = Votes(self._house, self._seats)

    async def resume(self) -> None:
        """Takes up all running stories after a restart; call it once the platforms are there.

        An open round closes at its deadline, but not within the next ten seconds, and its ballot is posted again.
        """
        await self._seats.resume()

    def running_on(self, platform: str, near: Place | None = None) -> int:
        """How many stories run on a platform, or of these in the channel of a place."""
        return self._seats.running_on(platform, near)

    def look_again(self, place: Place) -> None:
        """Somebody does something at a place: where a story could not say anything there, it tries again."""
        self._seats.look_again(place)

    def repost(self, place: Place, message: str) -> None:
        """Somebody deleted a message: where it was a story's newest, it is posted again."""
        self._seats.repost(place, message)

    async def leave(self, places: Callable[[Place], bool]) -> None:
        """Lets go of the stories at some places without a word; what is still stored goes on after `resume`."""
        await self._seats.leave(places)

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
        translate = translator(person.language)
        checked(text, Phrase("the beginning"))
        if await self._house.database.read(lambda conn: stories.running(conn, place.key)) is not None:
            raise StoryRuns  # before a model works for nothing; `moves.start` is sure
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
            language=language_of(person.language),
            text=text,
            token_ids=first.token_ids,
        )
        when = self._moment(origin)
        try:
            story = await self._house.database.write(
                lambda conn: moves.start(conn, beginning, first.offer, person, when)
            )
        except Repeated:
            return translate("This was done already.")
        self._seats.seat(story, place)
        if first.dropped:
            return translate(
                "A story begins; vote with the buttons of its ballot. The model cannot look back so far: "
                "the first token of your text stays unread.",
                "A story begins; vote with the buttons of its ballot. The model cannot look back so far: "
                "the first {count:,} tokens of your text stay unread.",
                count=first.dropped,
            )
        return translate("A story begins; vote with the buttons of its ballot.")

    async def join(self, place: Place, person: Person, *, origin: int | None = None) -> str:
        """Makes somebody a player, for whom rounds wait.

        Raises:
            NoStoryRuns: there is none.
        """
        translate = translator(person.language)
        when = self._moment(origin)
        return await self._move(
            lambda conn: moves.join(conn, place.key, person, when),
            translate("{name} plays along; rounds wait for every player's vote.", name=person.name),
            translate,
        )

    async def pause(self, place: Place, person: Person, *, origin: int | None = None) -> str:
        """Stops the clock until somebody presses.

        Raises:
            NoStoryRuns, NotYours, PausedAlready: it cannot be paused, or not by this person.
        """
        translate = translator(person.language)
        when = self._moment(origin)
        return await self._move(
            lambda conn: keeping.pause(conn, place.key, person, when),
            translate("The story is paused; press any of its buttons to go on."),
            translate,
        )

    async def undo(self, place: Place, person: Person, *, origin: int | None = None) -> str:
        """Takes the last unit back and opens its round again.

        Raises:
            NoStoryRuns, NotYours, NothingToUndo: nothing can be taken back, or not by this person.
        """
        translate = translator(person.language)
        when, seed = self._moment(origin), self._house.seed()
        return await self._move(
            lambda conn: keeping.undo(conn, place.key, person, seed, when),
            translate("The last choice was taken back; vote on it again."),
            translate,
        )

    async def skip(self, place: Place, person: Person, *, origin: int | None = None) -> str:
        """Closes the round now.

        Raises:
            NoStoryRuns, NotYours, NothingToClose: no round is open, or it is not this person's to close.
        """
        translate = translator(person.language)
        when = self._moment(origin, await self._house.temperature_at(place))
        return await self._move(
            lambda conn: keeping.skip(conn, place.key, person, when), translate("The round was closed."), translate
        )

    async def stop(self, place: Place, person: Person, *, origin: int | None = None) -> str:
        """Ends the story as it is.

        Raises:
            NoStoryRuns, NotYours: none runs, or it is not this person's to end.
        """
        translate = translator(person.language)
        when = self._moment(origin)
        return await self._move(
            lambda conn: keeping.stop(conn, place.key, person, when), translate("The story was ended."), translate
        )

    async def names(self, place: Place) -> list[str]:
        """The place's newest stories as people may choose them: the number, and how it begins."""
        found = await self._house.database.read(lambda conn: stories.newest(conn, place.key, CHOOSABLE))
        return [f"{story.id} {' '.join(story.title_text.split())}".strip()[:NAME] for story in found]

    async def show(self, place: Place, translate: Translate = english, *, name: str | None = None) -> Message:
        """The story as it stands, with its ballot but without buttons, which would outlive the round on a copy.

        Args:
            name: as `names` has it, or its number alone; without one the newest.

        Raises:
            NoStoryYet: there never was one.
            NoSuchStory: the place has none of that number.
        """
        story = await self.chosen(place, name)
        now = await self._house.database.read(lambda conn: situation(conn, story.id))
        if now is None:
            raise NoStoryYet
        if now.story.state == "ended":
            return show.ended(now.ending, tuple(player.name for player in now.everybody), translate)
        if now.past is None:
            return Message(show.ending(now.ending, show.TEXT) or translate("The next round is being opened."))
        return Message(show.ballot(view_of(now, now.past), translate).text)

    async def export(
        self, place: Place, form: export.Format = "md", translate: Translate = english, *, name: str | None = None
    ) -> Message:
        """A story of the place as a file.

        Args:
            name: as for `show`.

        Raises:
            NoStoryYet, NoSuchStory: as `show` does.
        """
        story = await self.chosen(place, name)
        told = await self._house.database.read(lambda conn: export.told(conn, story))
        file = await asyncio.to_thread(export.attachment, told, form, translate)
        return Message(
            translate("The story so far:") if story.state != "ended" else translate("The story:"), attachments=(file,)
        )

    async def _move(
        self, move: Callable[[AsyncConnection], Awaitable[Story]], answer: str, translate: Translate
    ) -> str:
        """Makes a move and wakes its table."""
        try:
            story = await self._house.database.write(move)
        except Repeated:
            return translate("This was done already.")
        self._seats.wake(story.id)
        return answer

    async def chosen(self, place: Place, name: str | None) -> Story:
        """The story of the place that a name stands for, or the newest.

        Raises:
            NoStoryYet, NoSuchStory: as for `show`.
        """
        if name is not None:
            return await self._named(place, name)
        story = await self._house.database.read(lambda conn: stories.latest(conn, place.key))
        if story is None:
            raise NoStoryYet
        return story

    async def _named(self, place: Place, name: str) -> Story:
        number = name.split(" ", 1)[0]
        if not NUMBER.fullmatch(number):
            raise NoSuchStory(quoted(name))
        story = await self._house.database.read(lambda conn: stories.get(conn, int(number)))
        if story is None or story.place != place.key:  # what others wrote is nobody's to read here
            raise NoSuchStory(quoted(name))
        return story

    def _moment(self, origin: int | None, temperature: float = 1.0) -> Moment:
        return Moment(self._house.clock.now(), temperature, origin)
