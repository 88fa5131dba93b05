"""The values that places have set; which names there are and what they may be is not decided here."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import settings
from storage.statements import insert


async def values(conn: AsyncConnection, places: Sequence[str]) -> dict[str, dict[str, str]]:
    """What each of the places has set, as JSON text by name; a place that has set nothing has an empty dict."""
    found: dict[str, dict[str, str]] = {place: {} for place in places}
    statement = select(settings).where(settings.c.place.in_(places)).order_by(settings.c.name)
    for place, name, value in await conn.execute(statement):
        found.setdefault(place, {})[name] = value
    return found


async def having(conn: AsyncConnection, name: str) -> list[tuple[str, str]]:
    """The places that have set something, each with its value as JSON text."""
    statement = select(settings.c.place, settings.c.value).where(settings.c.name == name).order_by(settings.c.place)
    return [(place, value) for place, value in await conn.execute(statement)]


async def put(conn: AsyncConnection, place: str, name: str, value: str) -> None:
    """Sets a value, which is JSON text."""
    statement = insert(conn, settings).values(place=place, name=name, value=value)
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=[settings.c.place, settings.c.name], set_={"value": statement.excluded.value}
        )
    )


async def remove(conn: AsyncConnection, place: str, name: str) -> bool:
    """Unsets a value; False if there was none."""
    statement = delete(settings).where(settings.c.place == place, settings.c.name == name)
    return (await conn.execute(statement.returning(settings.c.name))).first() is not None
