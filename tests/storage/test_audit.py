from __future__ import annotations

from storage import audit
from storage.database import Database
from tests.storage.builders import ADA, BOB, LOBBY, after


async def test_entries(database: Database) -> None:
    """The newest acts of a place come first, as many as are asked for."""
    acts = [(LOBBY, ADA), (LOBBY, BOB), ("web:attic", ADA), (LOBBY, ADA)]
    for number, (place, person) in enumerate(acts):
        row = (place, person, "settings.put", {"value": number}, after(number))
        await database.write(lambda conn, row=row: audit.record(conn, *row))

    entries = await database.read(lambda conn: audit.entries(conn, LOBBY, 2))

    assert [(entry.person, entry.action, entry.facts, entry.at) for entry in entries] == [
        (ADA, "settings.put", {"value": 3}, after(3)),
        (BOB, "settings.put", {"value": 1}, after(1)),
    ]
