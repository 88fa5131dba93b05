"""A process that plays a story until it is killed, and tells each move once it is acknowledged.

Started as `python -m tests.storage.player URL`. Its lines are `vote ROUND PERSON SLOT` and `unit POSITION ROUND`.
"""

from __future__ import annotations

import asyncio
import os
import sys

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import rounds, stories, units
from storage.database import Database
from storage.rounds import Round
from storage.stories import Story
from tests.storage.builders import LOBBY, ask, finish, start, vote

PLAYERS = 8


def tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def resumed(conn: AsyncConnection) -> Story:
    return await stories.running(conn, LOBBY) or await start(conn)


async def next_round(conn: AsyncConnection, story: Story) -> Round:
    return await rounds.current(conn, story.id) or await ask(conn, story, len(await units.every(conn, story.id)))


async def play(url: str) -> None:
    database = await Database.open(url)
    story = await database.write(resumed)

    async def press(round_: Round, number: int) -> None:
        chosen = vote(round_, f"web:{number}", number % 3)
        if await database.write(lambda conn: rounds.cast(conn, chosen)):
            tell(f"vote {round_.id} {chosen.person} {chosen.slot}")

    async def close(round_: Round) -> None:
        if await database.write(lambda conn: finish(conn, round_, 1)):
            tell(f"unit {round_.position} {round_.id}")

    while True:
        round_ = await database.write(lambda conn: next_round(conn, story))
        presses = [press(round_, number) for number in range(PLAYERS)]
        await asyncio.gather(*presses[:6], close(round_), *presses[6:], close(round_))


if __name__ == "__main__":
    asyncio.run(play(sys.argv[1]))
