from __future__ import annotations

from typing import Any

from storage import rooms
from storage.database import Database
from storage.rooms import RoomMessage
from tests.storage.builders import ADA, BOB, NOON


async def say(database: Database, text: str, room: str = "lobby", **changes: Any) -> RoomMessage:
    return await database.write(lambda conn: rooms.add(conn, room, ADA, text, **({"at": NOON} | changes)))


async def texts(database: Database, **query: Any) -> list[str]:
    found = await database.read(lambda conn: rooms.newest(conn, "lobby", **({"person": ADA} | query)))
    return [message.text for message in found]


async def test_added(database: Database) -> None:
    """A message comes back as it was written, with its picture and files under addresses that cannot be guessed."""
    first = await say(database, "Once")

    message = await say(
        database,
        " upon\n",
        buttons=[("␣a · 12%", "v:1:0"), ("other", "o:1")],
        picture=b"\x89PNG\0",
        attachments=[("story.md", "text/markdown", b"# Once"), ("story.json", "application/json", b"{}")],
        reply_to=first.id,
    )

    assert await database.read(lambda conn: rooms.get(conn, message.id)) == message
    assert message.text == " upon\n"
    assert message.buttons == (("␣a · 12%", "v:1:0"), ("other", "o:1"))
    assert message.reply_to == first.id
    assert (message.edited, message.private_for, message.at) == (False, None, NOON)
    assert [file.name for file in message.attachments] == ["story.md", "story.json"]
    assert message.picture is not None
    picture = int(message.picture)
    assert await database.read(lambda conn: rooms.file(conn, picture)) == ("picture.png", "image/png", b"\x89PNG\0")
    file = await database.read(lambda conn: rooms.file(conn, message.attachments[1].id))
    assert file == ("story.json", "application/json", b"{}")


async def test_newest(database: Database) -> None:
    """Without a start the newest messages come, ascending; with one, those after it from the first."""
    ids = [(await say(database, str(number))).id for number in range(5)]
    await say(database, "elsewhere", room="attic")

    assert ids == sorted(set(ids))
    assert await texts(database, limit=3) == ["2", "3", "4"]
    assert await texts(database, after=ids[0], limit=3) == ["1", "2", "3"]
    assert await texts(database, after=ids[4]) == []
    assert await texts(database, after=2**80) == []
    assert await texts(database, after=-(2**80)) == ["0", "1", "2", "3", "4"]


async def test_private(database: Database) -> None:
    """A private message is seen by its person only."""
    await say(database, "to all")
    await say(database, "to Bob", private_for=BOB)

    assert await texts(database, person=BOB) == ["to all", "to Bob"]
    assert await texts(database, person=ADA) == ["to all"]
    assert await texts(database, person=None) == ["to all"]
    changed = await database.read(lambda conn: rooms.changed(conn, "lobby", person=ADA, after_event=0))
    assert [message.text for message in changed] == ["to all"]


async def test_edited(database: Database) -> None:
    """An edit replaces text, buttons and files, keeps the message's place, and forgets the old files."""
    message = await say(database, "one", buttons=[("a", "b")], picture=b"1", attachments=[("x", "text/plain", b"y")])
    await say(database, "two")

    edited = await database.write(
        lambda conn: rooms.edit(conn, message.id, text="uno", attachments=[("z", "text/plain", b"w")])
    )

    assert edited is not None
    assert (edited.id, edited.text, edited.buttons, edited.picture, edited.edited) == (
        message.id,
        "uno",
        (),
        None,
        True,
    )
    assert [file.name for file in edited.attachments] == ["z"]
    assert await texts(database) == ["uno", "two"]
    old = message.attachments[0].id
    assert await database.read(lambda conn: rooms.file(conn, old)) is None


async def test_changed(database: Database) -> None:
    """Whoever comes back gets each message that was written or edited since, once, as it is now."""
    first = await say(database, "one")
    second = await say(database, "two")
    third = await say(database, "three")
    await database.write(lambda conn: rooms.edit(conn, first.id, text="uno"))
    await database.write(lambda conn: rooms.edit(conn, first.id, text="eins"))

    changed = await database.read(
        lambda conn: rooms.changed(conn, "lobby", person=ADA, after_event=second.event, limit=10)
    )
    nothing_new = await database.read(
        lambda conn: rooms.changed(conn, "lobby", person=ADA, after_event=changed[-1].event, limit=10)
    )

    assert [(message.id, message.text) for message in changed] == [(third.id, "three"), (first.id, "eins")]
    assert [message.event for message in changed] == sorted({message.event for message in changed})
    assert nothing_new == []


async def test_gone(database: Database) -> None:
    """A message or file that is not there is not found, whatever its number."""
    edited = await database.write(lambda conn: rooms.edit(conn, 2**80, text="x"))
    found = await database.read(lambda conn: rooms.get(conn, 2**80))
    file = await database.read(lambda conn: rooms.file(conn, -(2**80)))

    assert (edited, found, file) == (None, None, None)


async def test_reply_elsewhere(database: Database) -> None:
    """A reply to a message of another room, or to none, is a plain message."""
    elsewhere = await say(database, "hi", room="attic")

    replies = [await say(database, "?", reply_to=target) for target in (elsewhere.id, 999, 2**80)]

    assert [message.reply_to for message in replies] == [None, None, None]
