"""A process that counts up a setting: it reads the number and writes the next. `… counter URL TIMES`."""

from __future__ import annotations

import asyncio
import sys

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import settings
from storage.database import Database


async def count_up(conn: AsyncConnection) -> None:
    values = await settings.values(conn, ["web:lobby"])
    number = int(values["web:lobby"].get("count", "0"))
    await settings.put(conn, "web:lobby", "count", str(number + 1))


async def main(url: str, times: int) -> None:
    async with await Database.open(url) as database:
        sys.stdin.readline()
        for _ in range(times // 2):
            await asyncio.gather(database.write(count_up), database.write(count_up))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
