"""A process that rotates a vault's key until it is killed, and tells each step once it is committed.

Started as `python -m tests.storage.rotator URL VAULT`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from storage import posts
from storage.database import Database
from storage.rotation import rotate
from storage.vault import Vault

posts.reseal.__defaults__ = (7, 0)  # small steps: more moments to be killed in


async def main(url: str, vault: str) -> None:
    async with await Database.open(url) as database:
        await rotate(database, Vault.open(Path(vault)), lambda done: tell(f"sealed {done}"))
    tell("done")


def tell(line: str) -> None:
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
