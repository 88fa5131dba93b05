"""A bot that is really on Telegram, or what stands in for it: the whole bot with a scripted model."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.app import Bot
from bot.configuration import Configuration, TelegramKeys
from bot.platforms.telegram import Telegram
from generators.scripted import Pace, Script, ScriptedGenerator
from tests.bot.platforms.serving import SCRIPT
from tests.fakes.telegram import TelegramServer


@dataclass
class OnTelegram:
    """A running bot, its adapter, and the task that serves it."""

    bot: Bot
    adapter: Telegram
    serving: asyncio.Task[None]


@asynccontextmanager
async def on_telegram(
    home: Path, server: TelegramServer, *, script: Script = SCRIPT, pace: Pace | None = None, **keys: Any
) -> AsyncIterator[OnTelegram]:
    """Opens the bot, serves it on Telegram, and closes it as `planchette run` does."""
    telegram = TelegramKeys(**({"token": SecretStr(server.token), "api": server.url} | keys))
    bot = await Bot.open(Configuration(home=home, telegram=telegram), generator=ScriptedGenerator(script, pace=pace))
    adapter = Telegram(bot)
    bot.register(adapter)
    await bot.resume()
    serving = asyncio.create_task(adapter.run())
    try:
        yield OnTelegram(bot, adapter, serving)
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        await bot.close()
