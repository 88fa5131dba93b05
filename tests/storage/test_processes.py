from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from storage import settings
from storage.database import Database

TIMES = 60


def test_counting(blank: str) -> None:
    """Two processes that make one new database and count up the same number at once lose no count."""
    command = [sys.executable, "-m", "tests.storage.counter", blank, str(TIMES)]
    processes = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        for _ in range(2)
    ]

    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate()[1] for process in processes]

    assert errors == ["", ""]
    assert asyncio.run(counted(blank)) == str(2 * TIMES)


async def counted(url: str) -> str:
    async with await Database.open(url) as database:
        return (await database.read(lambda conn: settings.values(conn, ["web:lobby"])))["web:lobby"]["count"]
