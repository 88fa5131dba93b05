"""A bot that is really on Telegram, or what stands in for it: the whole bot with a scripted model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.app import Bot
from bot.configuration import Configuration, TelegramKeys
from bot.platforms.telegram import Telegram
from generators.scripted import Pace, Script, ScriptedGenerator
from storage import inbox
from storage.inbox import InboxItem
from tests.bot.platforms.serving import SCRIPT
from tests.fakes.telegram import Chat, Message, TelegramServer, User
from tests.patience import PATIENCE


@dataclass
class OnTelegram:
    """A running bot, its adapter, and the task that serves it."""

    bot: Bot
    adapter: Telegram
    serving: asyncio.Task[None]

    async def in_hand(self) -> list[InboxItem]:
        """What came in and is not done."""
        return await self.bot.database.read(partial(inbox.pending, platform="telegram"))

    async def settled(self) -> None:
        """Returns once nothing is in hand."""
        async with asyncio.timeout(PATIENCE):
            while await self.in_hand():  # noqa: ASYNC110  # the database tells nobody
                await asyncio.sleep(0.01)


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
        await asyncio.wait({serving})  # what it raised is the test's to look at
        await bot.close()


async def answer(chat: Chat, by: User, line: str, **more: Any) -> Message:
    """What the bot says to a line."""
    asked = await by.says(chat, line, **more)
    return await chat.until(lambda message: message.reply_to is asked)
