"""Who agreed where, to which wording, from when until when: the ledger that decides what may be learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import consents
from storage.statements import insert


@dataclass(frozen=True, slots=True)
class Consent:
    """A period in which one person agrees at one place.

    Attributes:
        person: their key.
        place: the channel's key.
        guild: the key of the server that the channel belongs to.
        wording: the number of what they agreed to.
        granted: from when.
        withdrawn: until when; None while it is open.
    """

    person: str
    place: str
    guild: str | None
    wording: int
    granted: datetime
    withdrawn: datetime | None = None


COLUMNS: Final = tuple(consents.c[name] for name in Consent.__dataclass_fields__)


async def grant(conn: AsyncConnection, consent: Consent) -> bool:
    """Opens a consent; False where that person has an open one at that place already, which stays as it is."""
    values = {name: getattr(consent, name) for name in Consent.__dataclass_fields__}
    statement = insert(conn, consents).values(**values)
    kept = statement.on_conflict_do_nothing(
        index_elements=[consents.c.person, consents.c.place], index_where=text("withdrawn IS NULL")
    )
    return (await conn.execute(kept.returning(consents.c.id))).first() is not None


async def take_back(conn: AsyncConnection, consent: Consent) -> None:
    """Removes a consent that was granted in error, as if it had never been."""
    values = {name: getattr(consent, name) for name in Consent.__dataclass_fields__ if name != "withdrawn"}
    same = [consents.c[name] == value for name, value in values.items() if value is not None]
    await conn.execute(delete(consents).where(*same, consents.c.withdrawn.is_(None)))


async def withdraw(conn: AsyncConnection, person: str, place: str | None, at: datetime) -> list[Consent]:
    """Closes a person's open consent at a place, or at all places where `place` is None.

    Returns:
        Those that were open, as they are now.
    """
    here = consents.c.withdrawn.is_(None) if place is None else _open(place)
    statement = update(consents).where(consents.c.person == person, here).values(withdrawn=at)
    return [Consent(*row) for row in await conn.execute(statement.returning(*COLUMNS))]


async def open_at(conn: AsyncConnection, person: str, place: str) -> Consent | None:
    """A person's open consent at a place."""
    row = (await conn.execute(select(*COLUMNS).where(consents.c.person == person, _open(place)))).first()
    return None if row is None else Consent(*row)


async def of_place(conn: AsyncConnection, place: str) -> dict[str, Consent]:
    """The open consents at a place, by person."""
    return {row.person: Consent(*row) for row in await conn.execute(select(*COLUMNS).where(_open(place)))}


async def of_person(conn: AsyncConnection, person: str) -> list[Consent]:
    """All consents of a person, also withdrawn ones, oldest first."""
    statement = select(*COLUMNS).where(consents.c.person == person).order_by(consents.c.granted, consents.c.id)
    return [Consent(*row) for row in await conn.execute(statement)]


async def history(conn: AsyncConnection, place: str, person: str | None = None) -> list[Consent]:
    """All consents at a place, also withdrawn ones, oldest first: of everybody, or of one person."""
    whose = () if person is None else (consents.c.person == person,)
    statement = select(*COLUMNS).where(consents.c.place == place, *whose).order_by(consents.c.granted, consents.c.id)
    return [Consent(*row) for row in await conn.execute(statement)]


async def wordings(conn: AsyncConnection) -> list[int]:
    """The numbers of what people agree to now, each once."""
    statement = select(consents.c.wording).where(consents.c.withdrawn.is_(None)).distinct()
    return list((await conn.execute(statement)).scalars())


async def erase(conn: AsyncConnection, person: str) -> None:
    """Deletes all that is known of a person's consents."""
    await conn.execute(delete(consents).where(consents.c.person == person))


def _open(place: str) -> ColumnElement[bool]:
    return and_(consents.c.place == place, consents.c.withdrawn.is_(None))
