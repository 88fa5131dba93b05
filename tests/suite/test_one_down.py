"""One platform is down while the other plays on."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from pydantic import SecretStr

from bot.app import Bot
from bot.configuration import Configuration, DiscordKeys, TelegramKeys
from bot.shell.serving import kept_running
from generators.scripted import ScriptedGenerator
from tests.suite.discord import DiscordStage
from tests.suite.stage import ADA, BEN, SCRIPT
from tests.suite.telegram import TelegramStage

BEGIN = "/story start candidates=3 seconds=600 Once upon"


async def test_one_down(home: Path) -> None:
    """While Telegram refuses connections Discord votes on; when it is back, its story goes on where it stood."""
    discord, telegram = DiscordStage(home), TelegramStage(home)
    await discord.enter()
    await telegram.enter()
    keys = DiscordKeys(token=SecretStr(discord.discord.token), api=discord.discord.api)
    address = telegram.telegram.base_url.removesuffix("/bot")
    others = TelegramKeys(token=SecretStr(telegram.telegram.token), api=address)
    configuration = Configuration(home=home, discord=keys, telegram=others)
    async with contextlib.AsyncExitStack() as stack:
        bot = await Bot.open(configuration, generator=ScriptedGenerator(SCRIPT))
        stack.push_async_callback(bot.close)
        platforms = [discord.adapter(bot), telegram.adapter(bot)]
        for platform in platforms:
            bot.register(platform)
        await bot.resume()
        running = [asyncio.create_task(kept_running(platform, bot.clock)) for platform in platforms]
        stack.push_async_callback(lambda: asyncio.gather(*running, return_exceptions=True))
        stack.callback(lambda: [task.cancel() for task in running])
        await discord.ready()
        await telegram.says(ADA, BEGIN)
        there = await telegram.ballot()
        await telegram.votes(ADA, there)

        async with telegram.telegram.down():
            await discord.says(ADA, BEGIN)
            here = await discord.ballot()
            assert "You voted for" in await discord.votes(BEN, here)
            await discord.says(ADA, "/story skip")
            await discord.until(lambda seen: seen.candidates and "Round 2" in seen.text)

        assert "You voted for" in await telegram.votes(BEN, there)
        assert not any(task.done() for task in running)
    assert discord.faults() == telegram.faults() == []
    await discord.leave()
    await telegram.leave()
