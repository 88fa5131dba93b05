"""What people write on Telegram, and what the bot answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.platforms.telegraphy import OnTelegram, on_telegram
from tests.fakes.telegram import TelegramServer


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    """Telegram; at the end the bot must have been refused nothing."""
    async with TelegramServer() as server:
        yield server
    assert server.faults == []


@pytest.fixture
async def bot(home: Path, telegram: TelegramServer) -> AsyncIterator[OnTelegram]:
    """A bot that listens."""
    async with on_telegram(home, telegram) as running:
        yield running


async def test_greeting(telegram: TelegramServer, bot: OnTelegram) -> None:
    """Who presses «Start» is told what the bot is, also with what a link hands over."""
    ada = telegram.user("Ada")

    await ada.says(telegram.private(ada), "/start from-a-friend")

    told = await telegram.private(ada).until(lambda message: "/help" in message.text)
    assert "Planchette" in told.text


async def test_command_by_name(telegram: TelegramServer, bot: OnTelegram) -> None:
    """A command with the bot's name is its own, and one with another bot's name is not."""
    ada = telegram.user("Ada")
    chat = telegram.group("Night shift", members=[ada])

    await ada.says(chat, "/status@other_bot")
    asked = await ada.says(chat, "/status@Planchette_Bot")

    told = await chat.until(lambda message: "default model" in message.text)
    assert told.reply_to is asked
    assert len(chat.said) == 1
