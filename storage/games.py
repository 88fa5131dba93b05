"""Games that keep their whole state in one value; what the value means is the game's own affair."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import StorageError, Translate, english
from storage.schema import games
from storage.statements import insert, within


@dataclass(frozen=True, slots=True)
class Game:
    """A game as it stands.

    Attributes:
        place: where it is played.
        channel: the channel that the place is a thread of.
        guild: the server that the channel belongs to.
        kind: which game it is.
        state: all that its rules need, as JSON.
        revision: counts the states, from 0.
        running: whether it is not over.
        deadline: when the next thing happens by itself; None while it waits for people, or for a model.
        message: its newest message; None before the first, and once its end has been shown.
        language: of its messages, that of who began it.
    """

    id: int
    place: str
    channel: str | None
    guild: str | None
    kind: str
    state: dict[str, Any]
    revision: int
    running: bool
    deadline: datetime | None
    message: str | None
    language: str
    created: datetime


@dataclass(eq=False)
class Running(StorageError):
    """A place has one running game of a kind at a time."""

    place: str
    kind: str

    def sentence(self, translate: Translate = english) -> str:
        return translate("A game of this kind is running here already; go on with it, or stop it first.")


async def create(
    conn: AsyncConnection,
    *,
    place: str,
    channel: str | None = None,
    guild: str | None = None,
    kind: str,
    state: dict[str, Any],
    deadline: datetime | None,
    language: str = "en",
    at: datetime,
) -> Game:
    """Begins a game.

    Raises:
        Running: another one of its kind runs at the place.
    """
    statement = insert(conn, games).values(
        place=place,
        channel=channel,
        guild=guild,
        kind=kind,
        state=state,
        revision=0,
        running=True,
        deadline=deadline,
        language=language,
        created=at,
    )
    row = (await conn.execute(statement.on_conflict_do_nothing().returning(games))).first()
    if row is None:
        raise Running(place, kind)
    return _game(row)


async def get(conn: AsyncConnection, game: int) -> Game | None:
    """A game by its id."""
    return await _first(conn, games.c.id == within(game))


async def running(conn: AsyncConnection, place: str, kind: str) -> Game | None:
    """The game of a kind that runs at a place."""
    return await _first(conn, games.c.place == place, games.c.kind == kind, games.c.running)


async def latest(conn: AsyncConnection, place: str, kind: str) -> Game | None:
    """The newest game of a kind at a place, also when it is over."""
    return await _first(conn, games.c.place == place, games.c.kind == kind)


async def all_at(conn: AsyncConnection, place: str) -> list[Game]:
    """The games that run at a place, oldest first."""
    statement = select(games).where(games.c.place == place, games.c.running).order_by(games.c.id)
    return [_game(row) for row in await conn.execute(statement)]


async def unfinished(conn: AsyncConnection) -> list[Game]:
    """The games that run anywhere, and those whose end has not been shown yet, oldest first."""
    statement = select(games).where(or_(games.c.running, games.c.message.is_not(None))).order_by(games.c.id)
    return [_game(row) for row in await conn.execute(statement)]


async def change(
    conn: AsyncConnection, game: Game, state: dict[str, Any], deadline: datetime | None, *, running: bool = True
) -> Game | None:
    """Gives a game its next state, and ends it where that is its last one.

    Returns:
        The game as it is now; None where somebody else has changed it since `game` was read: nothing is changed then.
    """
    statement = (
        update(games)
        .where(games.c.id == game.id, games.c.revision == game.revision, games.c.running)
        .values(state=state, revision=game.revision + 1, deadline=deadline, running=running)
    )
    row = (await conn.execute(statement.returning(games))).first()
    return None if row is None else _game(row)


async def set_message(conn: AsyncConnection, game: int, message: str | None) -> None:
    """Notes where the newest message of a game stands, or that its end has been shown."""
    await conn.execute(update(games).where(games.c.id == game).values(message=message))


async def _first(conn: AsyncConnection, *conditions: ColumnElement[bool]) -> Game | None:
    row = (await conn.execute(select(games).where(*conditions).order_by(games.c.id.desc()).limit(1))).first()
    return None if row is None else _game(row)


def _game(row: Row[Any]) -> Game:
    return Game(**row._mapping)
