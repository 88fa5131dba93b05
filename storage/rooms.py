"""Rooms of the web page: messages, with their files, and the order in which they were written and edited."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import counters, files, messages
from storage.statements import insert, within

PICTURE: Final = -1  # the position of a message's picture among its files
DELETED: Final = "room deletion "  # before a room's key: the counter that has the event of its newest deletion
FILE_ID_BITS: Final = 53  # drawn, so that knowing one address tells no other; 53 bits are exact in JavaScript


@dataclass(frozen=True, slots=True)
class RoomFile:
    """A file that goes with a message; `file` reads it."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class RoomMessage:
    """A message as it is now.

    Attributes:
        id: the event of its writing: ascends over all rooms, and tells whether it was there at another event.
        person: the key of who wrote it.
        buttons: what each says, and the action that it sends.
        picture: the id of a PNG file, as text.
        private_for: the key of the only person who may see it.
        reply_to: the message that it answers.
        at: when it was written.
        event: ascends with each writing and editing, over all rooms.
    """

    id: int
    room: str
    person: str
    text: str
    buttons: tuple[tuple[str, str], ...]
    picture: str | None
    attachments: tuple[RoomFile, ...]
    private_for: str | None
    edited: bool
    reply_to: int | None
    at: datetime
    event: int


async def add(
    conn: AsyncConnection,
    room: str,
    person: str,
    text: str,
    *,
    buttons: Iterable[tuple[str, str]] = (),
    picture: bytes | None = None,
    attachments: Iterable[tuple[str, str, bytes]] = (),
    private_for: str | None = None,
    reply_to: int | None = None,
    at: datetime,
) -> RoomMessage:
    """Writes a message.

    Args:
        picture: a PNG.
        attachments: name, media type and data of each.
        reply_to: the message that it answers; one that is not in this room is ignored.
    """
    if reply_to is not None:
        statement = select(messages.c.id).where(messages.c.id == within(reply_to), messages.c.room == room)
        reply_to = await conn.scalar(statement)
    event = await _next_event(conn)
    values = {
        "id": event,
        "room": room,
        "person": person,
        "text": text,
        "buttons": [list(button) for button in buttons],
        "private_for": private_for,
        "edited": False,
        "reply_to": reply_to,
        "at": at,
        "event": event,
    }
    row = (await conn.execute(insert(conn, messages).values(values).returning(messages))).one()
    await _attach(conn, row.id, picture, attachments)
    return (await _with_files(conn, [row]))[0]


async def edit(
    conn: AsyncConnection,
    message_id: int,
    *,
    text: str,
    buttons: Iterable[tuple[str, str]] = (),
    picture: bytes | None = None,
    attachments: Iterable[tuple[str, str, bytes]] = (),
) -> RoomMessage | None:
    """Replaces what a message says and shows, its files too; None if it is gone."""
    values = {
        "text": text,
        "buttons": [list(button) for button in buttons],
        "edited": True,
        "event": await _next_event(conn),
    }
    statement = update(messages).where(messages.c.id == within(message_id)).values(values).returning(messages)
    row = (await conn.execute(statement)).first()
    if row is None:
        return None
    await conn.execute(delete(files).where(files.c.message == row.id))
    await _attach(conn, row.id, picture, attachments)
    return (await _with_files(conn, [row]))[0]


async def newest(
    conn: AsyncConnection, room: str, *, person: str | None, after: int | None = None, limit: int = 100
) -> list[RoomMessage]:
    """Messages that `person` may see, ascending by id: the first after `after`, or without it the newest."""
    statement = _seen(room, person).limit(limit)
    if after is None:
        rows = list(reversed((await conn.execute(statement.order_by(messages.c.id.desc()))).all()))
    else:
        statement = statement.where(messages.c.id > within(after))
        rows = list((await conn.execute(statement.order_by(messages.c.id))).all())
    return await _with_files(conn, rows)


async def changed(
    conn: AsyncConnection, room: str, *, person: str | None, after_event: int, limit: int = 100
) -> list[RoomMessage]:
    """Messages that were written or edited after an event, ascending by event: each once, as it is now."""
    statement = _seen(room, person).where(messages.c.event > within(after_event))
    rows = (await conn.execute(statement.order_by(messages.c.event).limit(limit))).all()
    return await _with_files(conn, rows)


async def delete_of(conn: AsyncConnection, person: str) -> None:
    """Deletes what a person wrote, and what only they could see; all that stays is when a room last lost something."""
    theirs = or_(messages.c.person == person, messages.c.private_for == person)
    rooms = (await conn.execute(select(messages.c.room).where(theirs).distinct())).scalars().all()
    await conn.execute(delete(messages).where(theirs))
    for room in rooms:
        event = await _next_event(conn)
        noted = insert(conn, counters).values(name=DELETED + room, value=event)
        again = noted.on_conflict_do_update(index_elements=[counters.c.name], set_={"value": event})
        await conn.execute(again)


async def deleted(conn: AsyncConnection, room: str) -> int:
    """The event at which messages of a room were last deleted; 0 where none ever were."""
    return await conn.scalar(select(counters.c.value).where(counters.c.name == DELETED + room)) or 0


async def get(conn: AsyncConnection, message_id: int) -> RoomMessage | None:
    """A message, whoever may see it."""
    rows = (await conn.execute(select(messages).where(messages.c.id == within(message_id)))).all()
    return next(iter(await _with_files(conn, rows)), None)


async def file(conn: AsyncConnection, file_id: int) -> tuple[str, str, bytes] | None:
    """Name, media type and data of a file."""
    columns = (files.c.name, files.c.media_type, files.c.data)
    row = (await conn.execute(select(*columns).where(files.c.id == within(file_id)))).first()
    return None if row is None else (row[0], row[1], row[2])


def _seen(room: str, person: str | None) -> Select[Any]:
    visible: list[ColumnElement[bool]] = [messages.c.private_for.is_(None)]
    if person is not None:
        visible.append(messages.c.private_for == person)
    return select(messages).where(messages.c.room == room, or_(*visible))


async def _next_event(conn: AsyncConnection) -> int:
    """Counted apart from the messages: the number of one that is deleted never comes again."""
    statement = insert(conn, counters).values(name="room event", value=1)
    counted = statement.on_conflict_do_update(
        index_elements=[counters.c.name], set_={"value": counters.c.value + 1}
    ).returning(counters.c.value)
    event: int = (await conn.execute(counted)).scalar_one()
    return event


async def _attach(
    conn: AsyncConnection, message: int, picture: bytes | None, attachments: Iterable[tuple[str, str, bytes]]
) -> None:
    numbered = [*enumerate(attachments)]
    if picture is not None:
        numbered.append((PICTURE, ("picture.png", "image/png", picture)))
    rows = [
        {
            "id": secrets.randbits(FILE_ID_BITS),
            "message": message,
            "position": position,
            "name": name,
            "media_type": media_type,
            "data": data,
        }
        for position, (name, media_type, data) in numbered
    ]
    if rows:
        await conn.execute(insert(conn, files), rows)


async def _with_files(conn: AsyncConnection, rows: Sequence[Row[Any]]) -> list[RoomMessage]:
    columns = (files.c.message, files.c.position, files.c.id, files.c.name)
    statement = select(*columns).where(files.c.message.in_([row.id for row in rows])).order_by(files.c.position)
    pictures: dict[int, str] = {}
    attachments: defaultdict[int, list[RoomFile]] = defaultdict(list)
    for message, position, id_, name in await conn.execute(statement) if rows else ():
        if position == PICTURE:
            pictures[message] = str(id_)
        else:
            attachments[message].append(RoomFile(id_, name))
    return [
        RoomMessage(
            id=row.id,
            room=row.room,
            person=row.person,
            text=row.text,
            buttons=tuple((label, action) for label, action in row.buttons),
            picture=pictures.get(row.id),
            attachments=tuple(attachments[row.id]),
            private_for=row.private_for,
            edited=row.edited,
            reply_to=row.reply_to,
            at=row.at,
            event=row.event,
        )
        for row in rows
    ]
