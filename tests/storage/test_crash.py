from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

from storage import rounds, stories, units
from storage.database import Database
from storage.rounds import Past
from storage.units import UnitRow
from tests.storage.builders import LOBBY

KILLS = 5


def killed(url: str, after: int) -> list[list[str]]:
    """Lets a player make so many acknowledged moves, kills it, and gives all that it was told to be saved."""
    command = [sys.executable, "-m", "tests.storage.player", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as player:
        assert player.stdout is not None
        told = [player.stdout.readline() for _ in range(after)]
        player.kill()
        told += player.stdout
    return [line.split() for line in told if line.endswith("\n")]


async def saved(url: str) -> tuple[list[UnitRow], list[Past]]:
    async with await Database.open(url) as database:
        story = await database.read(lambda conn: stories.running(conn, LOBBY))
        assert story is not None
        appended = await database.read(lambda conn: units.every(conn, story.id))
        return appended, await database.read(lambda conn: rounds.history(conn, story.id))


def test_kill(url: str) -> None:
    """After kill -9 at any moment every acknowledged move is there once, and the story can go on."""
    random.seed(1848)
    told: list[list[str]] = []

    for _ in range(KILLS):
        told += killed(url, random.randrange(1, 150))

    appended, history = asyncio.run(saved(url))
    votes = {(row.round, row.person): row.slot for past in history for row in past.votes}
    assert len(told) >= KILLS
    for move, *facts in told:
        if move == "vote":
            assert votes[int(facts[0]), facts[1]] == int(facts[2])
        else:
            assert appended[int(facts[0])].round == int(facts[1])
    assert [unit.position for unit in appended] == list(range(len(appended)))
    closed = [past.round.id for past in history if past.round.state == "closed"]
    assert closed == [unit.round for unit in appended]
    assert len(history) - len(closed) <= 1
