"""What was said in talk with the bot lately, so that it is answered in its context, and only once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import turns
from storage.statements import insert

COUNTED: Final = 12  # turns of a place that a conversation consists of
AGE: Final = timedelta(hours=1)  # what is older belongs to another conversation


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that was said.

    Attributes:
        place: where.
        person: who said it; None for the bot.
        text: what.
        message: its id on the platform.
        reply_to: the message that it answers.
        at: when.
    """

    place: str
    person: str | None
    text: str
    message: str
    reply_to: str | None
    at: datetime


async def add(conn: AsyncConnection, turn: Turn) -> list[Turn]:
    """Keeps what was said, where it is not kept already, and forgets what no conversation needs any more.

    Returns:
        The conversation up to this turn, which is its last, oldest first.
    """
    values = {name: getattr(turn, name) for name in Turn.__dataclass_fields__}
    await conn.execute(
        insert(conn, turns).values(**values).on_conflict_do_nothing(index_elements=[turns.c.place, turns.c.message])
    )
    said = (turns.c.place == turn.place, turns.c.message == turn.message)
    kept = (await conn.execute(select(turns.c.id, turns.c.at).where(*said))).one()
    statement = (
        select(turns)
        .where(turns.c.place == turn.place, turns.c.id <= kept.id, turns.c.at >= kept.at - AGE)
        .order_by(turns.c.id.desc())
        .limit(COUNTED)
    )
    found = (await conn.execute(statement)).all()
    newest = select(turns.c.id).where(turns.c.place == turn.place).order_by(turns.c.id.desc()).limit(2 * COUNTED)
    await clear(conn, turn.at)
    await conn.execute(delete(turns).where(turns.c.place == turn.place, turns.c.id.not_in(newest)))
    return [Turn(*(getattr(row, name) for name in Turn.__dataclass_fields__)) for row in reversed(found)]


async def clear(conn: AsyncConnection, at: datetime) -> None:
    """Forgets what belongs to no conversation any more, wherever it was said."""
    await conn.execute(delete(turns).where(turns.c.at < at - AGE))


async def answered(conn: AsyncConnection, place: str, message: str) -> bool:
    """Whether the bot has answered a message."""
    statement = select(turns.c.id).where(turns.c.place == place, turns.c.reply_to == message, turns.c.person.is_(None))
    return (await conn.execute(statement.limit(1))).first() is not None
