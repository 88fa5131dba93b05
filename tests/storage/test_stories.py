from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import rounds, stories
from storage.database import Database
from storage.stories import PlayerRow, Story
from tests.storage.builders import ADA, BOB, LOBBY, NOON, after, ask, start


async def test_created(database: Database) -> None:
    """A story comes back as it was created."""
    created = await database.write(
        lambda conn: start(conn, channel="general", temperature=0.5, label="noir", start_ids=(1, 50_000), seconds=2.5)
    )

    found = await database.read(lambda conn: stories.get(conn, created.id))

    assert found == created
    assert created == Story(
        id=created.id,
        place=LOBBY,
        channel="general",
        guild=None,
        state="open",
        model="tales",
        version="3",
        unit="word",
        candidates=3,
        seconds=2.5,
        solo=False,
        temperature=0.5,
        label="noir",
        title_text="Once upon",
        start_ids=(1, 50_000),
        started_by=ADA,
        message=None,
        idle_rounds=0,
        created=NOON,
        ended=None,
        language="en",
    )


@pytest.mark.parametrize("state", ["open", "paused"])
async def test_one_running(database: Database, story: Story, state: stories.StoryState) -> None:
    """A place whose story is open or paused starts no other, and says which one runs."""
    await database.write(lambda conn: stories.set_state(conn, story.id, state, NOON))

    with pytest.raises(stories.Running) as refused:
        await database.write(start)

    assert (refused.value.place, refused.value.story) == (LOBBY, story.id)
    assert refused.value.sentence().startswith("A story is being written here already")
    assert [running.id for running in await database.read(stories.all_running)] == [story.id]


async def test_next_story(database: Database, story: Story) -> None:
    """A place whose story has ended starts another, and the newest is the latest."""
    await database.write(lambda conn: stories.set_state(conn, story.id, "ended", after(5)))

    second = await database.write(start)

    assert await database.read(lambda conn: stories.running(conn, LOBBY)) == second
    assert await database.read(lambda conn: stories.latest(conn, LOBBY)) == second
    ended = await database.read(lambda conn: stories.get(conn, story.id))
    assert ended is not None
    assert (ended.state, ended.ended) == ("ended", after(5))


async def test_other_place(database: Database, story: Story) -> None:
    """Stories of two places run side by side, oldest first."""
    other = await database.write(lambda conn: start(conn, "web:attic"))

    everywhere = await database.read(stories.all_running)

    assert everywhere == [story, other]


async def test_ending_drops(database: Database, story: Story) -> None:
    """Ending a story drops its open round, whose votes stay on record."""
    round_ = await database.write(lambda conn: ask(conn, story, 0))

    await database.write(lambda conn: stories.set_state(conn, story.id, "ended", after(5)))

    assert await database.read(lambda conn: rounds.current(conn, story.id)) is None
    [past] = await database.read(lambda conn: rounds.history(conn, story.id))
    assert (past.round.id, past.round.state, past.round.closed) == (round_.id, "dropped", after(5))


async def test_reopened(database: Database, story: Story) -> None:
    """A story that is opened again has not ended."""
    await database.write(lambda conn: stories.set_state(conn, story.id, "ended", after(5)))

    await database.write(lambda conn: stories.set_state(conn, story.id, "open", after(6)))

    assert await database.read(lambda conn: stories.running(conn, LOBBY)) == story


async def test_notes(database: Database, story: Story) -> None:
    """The ballot's message and the rounds without a vote are remembered."""

    async def note(conn: AsyncConnection) -> None:
        await stories.set_message(conn, story.id, "812")
        await stories.set_idle(conn, story.id, 2)

    await database.write(note)

    found = await database.read(lambda conn: stories.get(conn, story.id))
    assert found is not None
    assert (found.message, found.idle_rounds) == ("812", 2)


async def test_players(database: Database, story: Story) -> None:
    """A player is one player however often they join, by the last name and position."""
    for person, name, position in ((BOB, "Bob", 0), (ADA, "Ada", 0), (BOB, "Bobby", 3)):
        await database.write(lambda conn, row=(person, name, position): stories.join(conn, story.id, *row))

    players = await database.read(lambda conn: stories.players(conn, story.id))

    assert players == [PlayerRow(story.id, ADA, "Ada", 0), PlayerRow(story.id, BOB, "Bobby", 3)]


async def test_unknown(database: Database) -> None:
    """What was never there is not found, and that is no error."""
    found = await database.read(lambda conn: stories.get(conn, 77))
    running = await database.read(lambda conn: stories.running(conn, LOBBY))
    latest = await database.read(lambda conn: stories.latest(conn, LOBBY))

    assert (found, running, latest) == (None, None, None)
