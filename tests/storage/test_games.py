from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import games
from storage.database import Database
from storage.games import Game, Running
from tests.storage.builders import LOBBY, NOON


async def begin(conn: AsyncConnection, place: str = LOBBY, kind: str = "relay", **state: Any) -> Game:
    deadline = NOON + timedelta(seconds=60)
    return await games.create(
        conn, place=place, channel="general", kind=kind, state=state, deadline=deadline, language="de", at=NOON
    )


async def test_created(database: Database) -> None:
    """A game comes back as it began."""
    created = await database.write(partial(begin, text="Once \0 \ud800", turns=[1, None, 2.5]))

    found = await database.read(lambda conn: games.get(conn, created.id))

    assert found == created
    assert created.state == {"text": "Once \0 \ud800", "turns": [1, None, 2.5]}
    assert (created.revision, created.running, created.message) == (0, True, None)
    assert created.deadline == NOON + timedelta(seconds=60)
    assert created.language == "de"


async def test_one_of_a_kind(database: Database) -> None:
    """A place has one running game of a kind; another kind and another place have theirs."""
    first = await database.write(begin)

    with pytest.raises(Running) as refused:
        await database.write(begin)

    assert refused.value.sentence()
    other = await database.write(partial(begin, kind="chess"))
    await database.write(partial(begin, place="web:cellar"))
    assert await database.read(partial(games.all_at, place=LOBBY)) == [first, other]


async def test_changed(database: Database) -> None:
    """A change gives the next state; one that was decided on an older state changes nothing."""
    game = await database.write(begin)

    after = await database.write(partial(games.change, game=game, state={"turn": 1}, deadline=None))
    stale = await database.write(partial(games.change, game=game, state={"turn": 2}, deadline=None))

    assert after is not None
    assert (after.state, after.revision, after.deadline) == ({"turn": 1}, 1, None)
    assert stale is None
    assert await database.read(partial(games.get, game=game.id)) == after


async def test_over(database: Database) -> None:
    """A game that is over changes no more, and makes room for another."""
    game = await database.write(begin)

    over = await database.write(partial(games.change, game=game, state={}, deadline=None, running=False))

    assert over is not None
    assert await database.write(partial(games.change, game=over, state={"turn": 9}, deadline=None)) is None
    assert await database.read(partial(games.running, place=LOBBY, kind="relay")) is None
    assert await database.read(partial(games.latest, place=LOBBY, kind="relay")) == over
    again = await database.write(begin)
    assert await database.read(partial(games.latest, place=LOBBY, kind="relay")) == again


async def test_unfinished(database: Database) -> None:
    """After a restart there is to do what runs, and what is over and was not shown so."""
    running = await database.write(begin)
    shown, hidden = [await database.write(partial(begin, place=f"web:{name}")) for name in ("a", "b")]
    for game in (shown, hidden):
        await database.write(partial(games.set_message, game=game.id, message="5"))
        await database.write(partial(games.change, game=game, state={}, deadline=None, running=False))

    await database.write(partial(games.set_message, game=shown.id, message=None))

    assert [game.id for game in await database.read(games.unfinished)] == [running.id, hidden.id]


async def test_unknown(database: Database) -> None:
    """An id that no game has, however large, finds none."""
    assert await database.read(partial(games.get, game=10**18)) is None
    assert await database.read(partial(games.get, game=10**30)) is None
