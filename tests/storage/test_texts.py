from __future__ import annotations

from dataclasses import replace
from functools import partial

from storage import texts
from storage.database import Database
from storage.texts import Text
from tests.storage.builders import ADA, BOB, LOBBY, NOON, after

FIRST = Text("tales", "3", (7, 50_000), (4, 5, 6), " a dragon", {"temperature": [0.5, 1], "seed": 2**63 - 1}, NOON)


async def test_last(database: Database) -> None:
    """A place remembers the last text only, with all that continuing it needs."""
    second = replace(FIRST, text=" a wyrm", token_ids=(), at=after(5))
    await database.write(lambda conn: texts.put(conn, LOBBY, FIRST))
    first = await database.read(lambda conn: texts.last(conn, LOBBY))

    await database.write(lambda conn: texts.put(conn, LOBBY, second))

    assert first == FIRST
    assert await database.read(lambda conn: texts.last(conn, LOBBY)) == second


async def test_none(database: Database) -> None:
    """A place where nothing was written has no last text."""
    await database.write(lambda conn: texts.put(conn, LOBBY, FIRST))

    assert await database.read(lambda conn: texts.last(conn, "web:attic")) is None


async def test_refused_characters(database: Database) -> None:
    """Characters that a database cannot hold become U+FFFD, alike on both; the token ids stay as they are."""
    odd = replace(FIRST, text="a\0b\ud800c🎈", token_ids=(0, 1))

    await database.write(lambda conn: texts.put(conn, LOBBY, odd))

    assert await database.read(lambda conn: texts.last(conn, LOBBY)) == replace(odd, text="a\ufffdb\ufffdc🎈")


async def test_forgotten(database: Database) -> None:
    """Of a person's texts none remains, nor on their platform one of an older version; those of others do."""
    requests = {
        "web:a": {"before": "by Ada", "people": [ADA, BOB]},
        "web:b": {"before": f'about "{ADA}"', "people": [BOB]},
        "web:c": {"before": 'by "people":', "temperature": 1},
        "telegram:1": {"before": "by somebody there"},
    }
    for place, request in requests.items():
        await database.write(partial(texts.put, place=place, text=replace(FIRST, request=request)))

    await database.write(partial(texts.forget, person=ADA))

    left = [place for place in requests if await database.read(partial(texts.last, place=place)) is not None]
    assert left == ["web:b", "telegram:1"]
