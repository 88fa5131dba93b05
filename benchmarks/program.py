"""The real program in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent


@asynccontextmanager
async def running(home: Path, *command: str, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs `planchette COMMAND` with these settings on a home, where its log is too, until the context is left."""
    await asyncio.to_thread(home.mkdir, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLANCHETTE_")}
    environment |= {"PLANCHETTE_HOME": str(home), "PLANCHETTE_WEB__PORT": "0", **settings}
    with (home / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.cli", *command), cwd=CHECKOUT, env=environment, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.terminate()
            await process.wait()
