"""Stories that a place writes together, and who plays; what happens in them is in `storage.rounds`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import StorageError, Translate, english
from storage.rounds import drop_open
from storage.schema import players as players_table
from storage.schema import stories
from storage.statements import insert

StoryState = Literal["open", "paused", "ended"]


@dataclass(frozen=True, slots=True)
class Story:
    """A story and its rules, which stay as they were when it began.

    Attributes:
        place: where it is written.
        channel: the channel that the place is a thread of.
        guild: the server that the channel belongs to.
        state: open, paused until somebody presses, or ended; the first two are running.
        version: of the model; the token ids belong to it.
        unit: what a round chooses: word, token or sentence.
        candidates: how many a round offers.
        seconds: how long a round lasts.
        solo: whether the first vote closes a round.
        temperature: of draws; None takes the place's.
        label: what the model was told to write like.
        title_text: the text that it starts from.
        start_ids: that text's token ids.
        message: where its newest ballot was posted.
        idle_rounds: rounds without a vote since the last one with one.
        language: of its ballots, that of who began it.
    """

    id: int
    place: str
    channel: str | None
    guild: str | None
    state: StoryState
    model: str
    version: str
    unit: str
    candidates: int
    seconds: float
    solo: bool
    temperature: float | None
    label: str | None
    title_text: str
    start_ids: tuple[int, ...]
    started_by: str
    message: str | None
    idle_rounds: int
    created: datetime
    ended: datetime | None
    language: str


@dataclass(frozen=True, slots=True)
class PlayerRow:
    """Somebody who plays; `last_position` is where they last joined, voted or wrote."""

    story: int
    person: str
    name: str
    last_position: int


@dataclass(eq=False)
class Running(StorageError):
    """A place has one running story at a time; `story` is the id of the one that runs."""

    place: str
    story: int

    def sentence(self, translate: Translate = english) -> str:
        return translate("A story is being written here already; go on with it, or stop it first.")


async def create(
    conn: AsyncConnection,
    *,
    place: str,
    channel: str | None = None,
    guild: str | None = None,
    model: str,
    version: str,
    unit: str,
    candidates: int,
    seconds: float,
    solo: bool,
    temperature: float | None,
    label: str | None,
    title_text: str,
    start_ids: tuple[int, ...],
    started_by: str,
    language: str = "en",
    at: datetime,
) -> Story:
    """Starts a story.

    Raises:
        Running: another story runs at the place.
    """
    statement = insert(conn, stories).values(
        place=place,
        channel=channel,
        guild=guild,
        state="open",
        model=model,
        version=version,
        unit=unit,
        candidates=candidates,
        seconds=seconds,
        solo=solo,
        temperature=temperature,
        label=label,
        title_text=title_text,
        start_ids=start_ids,
        started_by=started_by,
        language=language,
        idle_rounds=0,
        created=at,
    )
    row = (await conn.execute(statement.on_conflict_do_nothing().returning(stories))).first()
    if row is not None:
        return _story(row)
    other = await running(conn, place)
    raise Running(place, 0 if other is None else other.id)


async def get(conn: AsyncConnection, story: int) -> Story | None:
    """A story by its id."""
    return await _first(conn, stories.c.id == story)


async def running(conn: AsyncConnection, place: str) -> Story | None:
    """The story that is open or paused at a place."""
    return await _first(conn, stories.c.place == place, stories.c.state != "ended")


async def latest(conn: AsyncConnection, place: str) -> Story | None:
    """The newest story of a place, also when it has ended."""
    return await _first(conn, stories.c.place == place)


async def newest(conn: AsyncConnection, place: str, limit: int) -> list[Story]:
    """The stories of a place, the newest first."""
    statement = select(stories).where(stories.c.place == place).order_by(stories.c.id.desc()).limit(limit)
    return [_story(row) for row in await conn.execute(statement)]


async def all_running(conn: AsyncConnection) -> list[Story]:
    """The stories that are open or paused anywhere, oldest first."""
    statement = select(stories).where(stories.c.state != "ended").order_by(stories.c.id)
    return [_story(row) for row in await conn.execute(statement)]


async def set_state(conn: AsyncConnection, story: int, state: StoryState, at: datetime) -> None:
    """Opens, pauses or ends a story; ending it drops its open round."""
    ended = at if state == "ended" else None
    await conn.execute(update(stories).where(stories.c.id == story).values(state=state, ended=ended))
    if state == "ended":
        await drop_open(conn, story, at)


async def set_message(conn: AsyncConnection, story: int, message: str | None) -> None:
    """Notes where the newest ballot was posted."""
    await conn.execute(update(stories).where(stories.c.id == story).values(message=message))


async def set_idle(conn: AsyncConnection, story: int, rounds: int) -> None:
    """Notes how many rounds in a row had no vote."""
    await conn.execute(update(stories).where(stories.c.id == story).values(idle_rounds=rounds))


async def join(conn: AsyncConnection, story: int, person: str, name: str, position: int) -> None:
    """Makes somebody a player, or notes that they still are one, at a position."""
    statement = insert(conn, players_table).values(story=story, person=person, name=name, last_position=position)
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=[players_table.c.story, players_table.c.person],
            set_={"name": name, "last_position": position},
        )
    )


async def players(conn: AsyncConnection, story: int) -> list[PlayerRow]:
    """All who ever played in a story, by their keys."""
    statement = select(players_table).where(players_table.c.story == story).order_by(players_table.c.person)
    return [PlayerRow(**row._mapping) for row in await conn.execute(statement)]


async def _first(conn: AsyncConnection, *conditions: ColumnElement[bool]) -> Story | None:
    row = (await conn.execute(select(stories).where(*conditions).order_by(stories.c.id.desc()).limit(1))).first()
    return None if row is None else _story(row)


def _story(row: Row[Any]) -> Story:
    return Story(**row._mapping)
