from __future__ import annotations

from datetime import timedelta
from functools import partial

from sqlalchemy import func, select

from storage import turns
from storage.database import Database
from storage.schema import turns as table
from storage.turns import Turn
from tests.storage.builders import ADA, LOBBY, NOON


def said(number: int, *, place: str = LOBBY, person: str | None = ADA, reply_to: str | None = None) -> Turn:
    return Turn(place, person, f"text {number}", f"m{number}", reply_to, NOON + timedelta(minutes=number))


async def test_conversation(database: Database) -> None:
    """A turn comes back as the last of its place's conversation, oldest first."""
    await database.write(partial(turns.add, turn=said(1)))
    await database.write(partial(turns.add, turn=said(2, place="web:cellar")))

    conversation = await database.write(partial(turns.add, turn=said(3, person=None, reply_to="m1")))

    assert conversation == [said(1), said(3, person=None, reply_to="m1")]


async def test_twelve_of_an_hour(database: Database) -> None:
    """The last twelve turns of an hour count."""
    for number in range(20):
        conversation = await database.write(partial(turns.add, turn=said(number)))
    late = await database.write(partial(turns.add, turn=said(75)))

    assert [turn.message for turn in conversation] == [f"m{number}" for number in range(8, 20)]
    assert [turn.message for turn in late] == ["m15", "m16", "m17", "m18", "m19", "m75"]


async def test_forgotten(database: Database) -> None:
    """What no conversation needs any more is deleted with the next turn of any place."""
    for number in range(40):
        await database.write(partial(turns.add, turn=said(number)))
    many = await database.read(lambda conn: conn.scalar(select(func.count()).select_from(table)))

    await database.write(partial(turns.add, turn=said(200, place="web:cellar")))

    few = await database.read(lambda conn: conn.scalar(select(func.count()).select_from(table)))
    assert many == 24
    assert few == 1


async def test_twice(database: Database) -> None:
    """A turn that comes again is kept once, and has the conversation that it had."""
    first = await database.write(partial(turns.add, turn=said(1)))
    await database.write(partial(turns.add, turn=said(2)))

    again = await database.write(partial(turns.add, turn=said(1)))

    assert again == first


async def test_answered(database: Database) -> None:
    """A message is answered once the bot, and not somebody else, has replied to it."""
    await database.write(partial(turns.add, turn=said(1)))
    await database.write(partial(turns.add, turn=said(2, reply_to="m1")))
    before = await database.read(partial(turns.answered, place=LOBBY, message="m1"))

    await database.write(partial(turns.add, turn=said(3, person=None, reply_to="m1")))

    assert not before
    assert await database.read(partial(turns.answered, place=LOBBY, message="m1"))
    assert not await database.read(partial(turns.answered, place="web:cellar", message="m1"))
