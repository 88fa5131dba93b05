"""The tables that stand: set when a story begins or the process starts, cleared when the story is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from bot.conversation import Place
from bot.games import moves
from bot.games.house import House
from bot.games.records import place_of
from bot.games.table import StoryTable
from storage import stories
from storage.stories import Story

GRACE: Final = timedelta(seconds=10)  # after a restart, for people who come back to an open round

log = structlog.get_logger(__name__)


class Seats:
    """One table for each running story.

    Args:
        house: what all tables share.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._tables: dict[int, StoryTable] = {}

    async def resume(self) -> None:
        """Takes up all running stories that have no table; those on platforms that are not there wait."""
        database = self._house.database
        self._clear()
        for story in await database.read(stories.all_running):
            place = place_of(story)
            if story.id in self._tables or not self._house.ours(place):
                continue
            if place.platform not in self._house.outboxes:
                log.warning("a story waits for its platform", story=story.id, place=story.place)
                continue
            at = self._house.clock.now()
            await database.write(partial(moves.reopen, story_id=story.id, least=GRACE, at=at))
            kept = self._house.outboxes[place.platform].keeps_messages
            self.seat(story, place, left=story.message if kept else None)

    def seat(self, story: Story, place: Place, left: str | None = None) -> None:
        """Sets a table for a story; `left` is the message that an earlier process left as its newest."""
        self._clear()
        if story.id not in self._tables:
            self._tables[story.id] = StoryTable(story.id, place, self._house, left, story.language)
            self._tables[story.id].open()

    def running_on(self, platform: str, near: Place | None = None) -> int:
        """How many stories run on a platform, or of these in the channel of a place."""
        places = (table.place for table in self._tables.values() if not table.over)
        channel = None if near is None else near.channel or near.id
        return sum(
            place.platform == platform and (channel is None or (place.channel or place.id) == channel)
            for place in places
        )

    def wake(self, story_id: int) -> None:
        """Something was stored of a story: its table looks at it."""
        if (table := self._tables.get(story_id)) is not None:
            table.wake()

    def look_again(self, place: Place) -> None:
        """Somebody does something at a place: where a story could not say anything there, it tries again."""
        for table in self._at(place):
            table.look_again()

    def repost(self, place: Place, message: str) -> None:
        """Somebody deleted a message: where it was a story's newest, it is posted again."""
        for table in self._at(place):
            table.repost(message)

    def round_of(self, place: Place, message: str) -> int | None:
        """The round whose ballot a message is, or a part of."""
        shown = (table.round_of(message) for table in self._at(place))
        return next((round_id for round_id in shown if round_id is not None), None)

    async def leave(self, places: Callable[[Place], bool]) -> None:
        """Lets go of the stories at some places without a word; what is still stored goes on after `resume`."""
        for story_id in [story_id for story_id, table in self._tables.items() if places(table.place)]:
            await self._tables.pop(story_id).close()

    def voted(self, story_id: int) -> None:
        """A vote was counted, and nothing else has changed: the tally is redrawn when it may be."""
        if (table := self._tables.get(story_id)) is not None:
            table.voted()

    def retry(self, story_id: int) -> None:
        """Somebody wants a story to go on whose model failed."""
        if (table := self._tables.get(story_id)) is not None:
            table.retry()

    async def settled(self) -> None:
        """Returns once every table has done and shown all that is due now."""
        for table in tuple(self._tables.values()):
            await table.settled()
        self._clear()

    async def close(self) -> None:
        """Stops; what runs goes on after `resume`."""
        for table in self._tables.values():
            await table.close()
        self._tables.clear()

    def _at(self, place: Place) -> list[StoryTable]:
        return [table for table in self._tables.values() if table.place.key == place.key]

    def _clear(self) -> None:
        self._tables = {story_id: table for story_id, table in self._tables.items() if not table.over}
