from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import inbox, stories
from storage.database import Database
from storage.inbox import InboxItem
from tests.storage.builders import NOON, after, start


async def test_received_once(database: Database) -> None:
    """An update that is delivered many times at once comes in once."""
    ids = await asyncio.gather(
        *(database.write(lambda conn: inbox.receive(conn, "telegram", "31", {"text": "hi"}, NOON)) for _ in range(5))
    )

    pending = await database.read(lambda conn: inbox.pending(conn, "telegram"))
    assert [id_ for id_ in ids if id_ is not None] == [pending[0].id]
    assert pending == [InboxItem(pending[0].id, "31", {"text": "hi"}, NOON)]


async def test_platforms_apart(database: Database) -> None:
    """Two platforms may use the same number, and each has its own items, oldest first."""
    for platform, update in (("telegram", 5), ("discord", 5), ("telegram", 2**63)):
        await database.write(lambda conn, key=(platform, update): inbox.receive(conn, *key, {}, NOON))

    telegram = await database.read(lambda conn: inbox.pending(conn, "telegram"))
    discord = await database.read(lambda conn: inbox.pending(conn, "discord"))

    assert [item.update for item in telegram] == ["5", "9223372036854775808"]
    assert [item.update for item in discord] == ["5"]


async def test_done(database: Database) -> None:
    """What is done is pending no more, is done once, and is still known when it comes again."""
    item = await database.write(lambda conn: inbox.receive(conn, "telegram", "31", {"text": "secret"}, NOON))
    assert item is not None

    first = await database.write(lambda conn: inbox.done(conn, item))
    second = await database.write(lambda conn: inbox.done(conn, item))
    again = await database.write(lambda conn: inbox.receive(conn, "telegram", "31", {}, after(1)))

    assert (first, second, again) == (True, False, None)
    assert await database.read(lambda conn: inbox.pending(conn, "telegram")) == []


async def test_note(database: Database) -> None:
    """How far an item has come is kept beside its payload until it is done, and then forgotten with it."""
    item = await database.write(lambda conn: inbox.receive(conn, "web", "7", {"text": "hi"}, NOON))
    assert item is not None

    noted = [await database.write(lambda conn, n=n: inbox.note(conn, item, {"posted": n})) for n in ("1", "2")]
    [open_item] = await database.read(lambda conn: inbox.pending(conn, "web"))
    await database.write(lambda conn: inbox.done(conn, item))
    late = await database.write(lambda conn: inbox.note(conn, item, {"posted": "3"}))
    done = await database.read(lambda conn: inbox.get(conn, item))

    assert noted == [True, True]
    assert open_item == InboxItem(item, "7", {"text": "hi"}, NOON, {"posted": "2"})
    assert not late
    assert done == InboxItem(item, "7", {}, NOON, open=False)


async def test_done_with_its_effect(database: Database) -> None:
    """An item whose effect fails stays pending, and neither leaves a trace."""
    item = await database.write(lambda conn: inbox.receive(conn, "web", "7", {}, NOON))
    assert item is not None
    await database.write(start)

    async def start_another(conn: AsyncConnection) -> None:
        await inbox.done(conn, item)
        await start(conn)

    outcome = await asyncio.gather(database.write(start_another), return_exceptions=True)

    assert isinstance(outcome[0], stories.Running)
    assert [row.id for row in await database.read(lambda conn: inbox.pending(conn, "web"))] == [item]


async def test_any_text(database: Database) -> None:
    """A payload keeps every string exactly, also those that databases refuse in text."""
    payload = {"text": "\0 \ud800 🎈 \u2028", "more": [1, None, {"deep": True}]}

    await database.write(lambda conn: inbox.receive(conn, "web", "1", payload, NOON))

    [item] = await database.read(lambda conn: inbox.pending(conn, "web"))
    assert item.payload == payload


async def test_cleared(database: Database) -> None:
    """What is done and old is deleted; what is still to do stays however old it is."""
    for seconds, update in ((0, "old"), (0, "old and open"), (50, "new")):
        item = await database.write(
            lambda conn, update=update, seconds=seconds: inbox.receive(conn, "web", update, {}, after(seconds))
        )
        if update != "old and open":
            await database.write(lambda conn, item=item: inbox.done(conn, item))

    cleared = await database.write(lambda conn: inbox.clear(conn, after(10)))

    known = [
        await database.write(lambda conn, update=update: inbox.receive(conn, "web", update, {}, after(60))) is None
        for update in ("old", "old and open", "new")
    ]
    assert cleared == 1
    assert known == [False, True, True]
