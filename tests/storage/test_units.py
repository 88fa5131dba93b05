from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import units
from storage.database import Database
from storage.stories import Story
from tests.storage.builders import ask, finish, start


async def told(conn: AsyncConnection, story: Story, count: int) -> None:
    """Appends units « 0», « 1» and so on."""
    for position in range(count):
        await finish(conn, await ask(conn, story, position, f" {position}"), 0)


async def test_newest(database: Database, story: Story) -> None:
    """The newest unit is the one that was appended last to this story."""
    await database.write(lambda conn: told(conn, story, 3))
    other = await database.write(lambda conn: start(conn, "web:attic"))

    newest = await database.read(lambda conn: units.newest(conn, story.id))

    assert newest == (await database.read(lambda conn: units.every(conn, story.id)))[-1]
    assert newest is not None
    assert (newest.position, newest.text) == (2, " 2")
    assert await database.read(lambda conn: units.newest(conn, other.id)) is None


async def test_ending(database: Database, story: Story) -> None:
    """The end of a story is the text of its last units, as many as are asked for and there are."""
    await database.write(lambda conn: told(conn, story, 4))

    endings = [await database.read(lambda conn, count=count: units.ending(conn, story.id, count)) for count in (2, 9)]

    assert endings == [" 2 3", " 0 1 2 3"]
