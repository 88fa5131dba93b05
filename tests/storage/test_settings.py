from __future__ import annotations

from storage import settings
from storage.database import Database


async def test_values(database: Database) -> None:
    """Each place has its own values, the last one set; a place that has set nothing has none."""
    for place, name, value in (
        ("web:lobby", "temperature", "0.5"),
        ("web:lobby", "model", '"tales"'),
        ("web:attic", "temperature", "2"),
        ("web:lobby", "temperature", "0.7"),
    ):
        await database.write(lambda conn, row=(place, name, value): settings.put(conn, *row))

    found = await database.read(lambda conn: settings.values(conn, ["web:lobby", "web:cellar"]))

    assert found == {"web:lobby": {"model": '"tales"', "temperature": "0.7"}, "web:cellar": {}}


async def test_removed(database: Database) -> None:
    """A removed value is gone, and removing it again says that there was none."""
    await database.write(lambda conn: settings.put(conn, "web:lobby", "length", "80"))

    first = await database.write(lambda conn: settings.remove(conn, "web:lobby", "length"))
    second = await database.write(lambda conn: settings.remove(conn, "web:lobby", "length"))

    assert (first, second) == (True, False)
    assert await database.read(lambda conn: settings.values(conn, ["web:lobby"])) == {"web:lobby": {}}


async def test_having(database: Database) -> None:
    """The places that have set something are found with their values."""
    for place, name, value in (("web:b", "model", '"x"'), ("web:a", "model", '"y"'), ("web:a", "length", "3")):
        await database.write(lambda conn, row=(place, name, value): settings.put(conn, *row))

    assert await database.read(lambda conn: settings.having(conn, "model")) == [("web:a", '"y"'), ("web:b", '"x"')]


async def test_no_places(database: Database) -> None:
    """Of no places there are no values."""
    assert await database.read(lambda conn: settings.values(conn, [])) == {}
