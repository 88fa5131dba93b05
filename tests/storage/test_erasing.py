"""What is left of somebody who wants to be forgotten."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import erasing, jobs, logs, rounds
from storage.database import Database
from storage.jobs import Job
from storage.logs import Log
from storage.schema import games, messages, metadata, stories, turns, votes
from tests.storage.builders import ADA, LOBBY, NOON, ask, finish, start, vote

BEN = "web:Ben"
RELAY = {"players": [[ADA, "Ada"], [BEN, "Ben"]], "sentences": [["Once.", ADA, "Ada", 1]], "started_by": ADA}


async def _played(conn: AsyncConnection) -> None:
    """Two people have said, begun, voted and played something; one vote of each is in an open round."""
    story = await start(conn, started_by=ADA)
    for position in range(2):
        round_ = await ask(conn, story, position)
        for person in (ADA, BEN):
            await rounds.cast(conn, vote(round_, person, 0))
        if position == 0:
            await finish(conn, round_, 0)
    for person in (ADA, BEN):
        said = {"person": person, "text": f"by {person}", "at": NOON}
        await conn.execute(insert(turns).values(place=LOBBY, message=person, **said))
        line = {**said, "room": LOBBY, "buttons": [], "edited": False, "event": len(person) + (person == ADA)}
        await conn.execute(insert(messages).values(**line))
    game: dict[str, Any] = {"place": LOBBY, "kind": "relay", "revision": 0, "language": "en", "created": NOON}
    await conn.execute(insert(games).values(state=RELAY, running=False, **game))
    read = {"people": [[ADA, LOBBY], [BEN, LOBBY]]}
    await jobs.add(conn, Job("0" * 12, LOBBY, None, BEN, "done", {}, "en", NOON, facts=read))
    await logs.turn(conn, Log(LOBBY, None, True, NOON, ADA))


async def _everything(conn: AsyncConnection) -> str:
    rows = [(await conn.execute(select(table))).all() for table in metadata.sorted_tables]
    return repr(rows)


async def test_nothing_says_whose_it_was(database: Database) -> None:
    """No row names the person any more; what others did, and what was counted, stays."""
    await database.write(_played)

    await database.write(partial(erasing.erase, person=ADA))

    left = await database.read(_everything)
    counted = await database.read(lambda conn: conn.execute(select(votes.c.person, votes.c.round)))
    begun = await database.read(lambda conn: conn.scalar(select(stories.c.started_by)))
    state = await database.read(lambda conn: conn.scalar(select(games.c.state)))
    assert ADA not in left
    assert "by web:Ben" in left
    assert len(counted.all()) == 3
    assert begun.startswith("gone:")
    assert state["players"] == [[begun, ""], [BEN, "Ben"]]
    assert state["sentences"] == [["Once.", begun, "", 1]]


async def test_much_history(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all that was ever played only what names the person is read, some of it at a time."""
    monkeypatch.setattr(erasing, "BATCH", 2)
    read: list[str] = []

    def reading(text: str) -> Any:
        read.append(text)
        return parsed(text)

    async def play(conn: AsyncConnection) -> None:
        game: dict[str, Any] = {"place": LOBBY, "revision": 0, "running": False, "language": "en", "created": NOON}
        for number in range(20):
            state = {"players": [[odd if number % 4 == 0 else BEN, "Ada"]]}
            await conn.execute(insert(games).values(kind=f"{number}", state=state, **game))

    odd, parsed = 'web:Ad_ä%"', json.loads
    await database.write(play)
    monkeypatch.setattr("storage.columns.json.loads", reading)
    await database.write(partial(erasing.erase, person=odd))
    monkeypatch.undo()

    states = await database.read(lambda conn: conn.execute(select(games.c.state).order_by(games.c.id)))
    whose = [state["players"][0][0].partition(":")[0] for (state,) in states]
    assert len(read) == 5
    assert whose == ["gone", "web", "web", "web"] * 5
