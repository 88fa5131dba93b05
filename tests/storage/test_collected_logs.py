"""Places whose messages are collected."""

from __future__ import annotations

from functools import partial

from storage import logs
from storage.database import Database
from storage.logs import Log
from tests.storage.builders import ADA, BOB, LOBBY, after


async def test_turned(database: Database) -> None:
    """A log is as it was last turned; where none ever was there is none."""
    first = Log(LOBBY, "web:house", True, after(1), ADA, "letter of May", {"before": "99"})
    second = Log(LOBBY, "web:house", False, after(1), BOB)
    await database.write(partial(logs.turn, log=first))
    then = await database.read(partial(logs.get, place=LOBBY))

    await database.write(partial(logs.turn, log=second))

    assert then == first
    assert await database.read(partial(logs.get, place=LOBBY)) == second
    assert await database.read(partial(logs.get, place="web:cellar")) is None


async def test_all_on(database: Database) -> None:
    """Only logs that are on are listed."""
    on = [Log(f"web:{name}", None, True, after(1), ADA) for name in "abc"]
    for log in (*reversed(on), Log("web:d", None, False, after(1), ADA)):
        await database.write(partial(logs.turn, log=log))

    assert await database.read(logs.all_on) == on


async def test_history(database: Database) -> None:
    """Where the reading of history stands is kept, and is None once it is done."""
    await database.write(partial(logs.turn, log=Log(LOBBY, None, True, after(1), ADA)))
    stands: list[object] = []

    for history in ({"before": "5", "read": 100}, None):
        await database.write(partial(logs.keep_history, place=LOBBY, history=history))
        log = await database.read(partial(logs.get, place=LOBBY))
        stands.append(log and log.history)

    assert stands == [{"before": "5", "read": 100}, None]
