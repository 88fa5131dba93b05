"""How soon the bot is ready on a thousand Discord servers, and how much memory it holds, with its models elsewhere."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from benchmarks.measure import Spread, table
from benchmarks.program import running
from tests.fakes.discord import DiscordServer

GUILDS, CHANNELS, ROLES = 1_000, 30, 20
PATIENCE = 120.0  # seconds


def main(rounds: int) -> str:
    """Starts the real program `rounds` times on the stand-in for Discord."""
    measured = [asyncio.run(_start()) for _ in range(rounds)]
    ready, memory = (Spread(tuple(values)) for values in zip(*measured, strict=True))
    return table(
        f"{GUILDS:,} servers of {CHANNELS} channels and {ROLES} roles, models on a host",
        ("figure", "measured", "to reach"),
        (
            ("seconds from the start until every server is there and a command is answered", ready, "under 10"),
            ("resident memory of the bot, MB", memory, "under 200"),
        ),
    )


async def _start() -> tuple[float, float]:
    """Seconds until a command is answered, and resident megabytes of the bot then."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        async with DiscordServer(checked=False) as discord, running(home / "host", "host", "--port", "8499"):
            names = [f"channel-{number}" for number in range(CHANNELS)]
            guilds = [discord.guild(f"Server {number}", channels=names, roles=ROLES) for number in range(GUILDS)]
            ada = discord.user("Ada")
            await _healthy("http://127.0.0.1:8499/health")
            settings = {
                "PLANCHETTE_DISCORD__TOKEN": discord.token,
                "PLANCHETTE_DISCORD__API": discord.api,
                "PLANCHETTE_REMOTE__URL": "http://127.0.0.1:8499",
                "PLANCHETTE_MODELS__DEFAULT": "remote:charrnn",
            }
            started = time.perf_counter()
            async with running(home / "bot", "run", **settings) as bot:
                await discord.ready(timeout=PATIENCE)
                await discord.until(lambda: bool(discord.application.commands), timeout=PATIENCE)
                answer = await ada.slash(guilds[-1].channels[0], "generate", prompt="Once upon a time", length=5)
                await answer.answered(timeout=PATIENCE)
                seconds = time.perf_counter() - started
                return seconds, psutil.Process(bot.pid).memory_info().rss / 1e6


async def _healthy(address: str) -> None:
    until = time.monotonic() + PATIENCE
    async with httpx.AsyncClient() as http:
        while time.monotonic() < until:
            try:
                if (await http.get(address)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise RuntimeError(f"{address} did not answer in {PATIENCE} seconds")
