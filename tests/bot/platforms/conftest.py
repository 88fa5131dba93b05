"""Fixtures for what is tested over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.platforms.serving import Serving, serving
from tests.bot.platforms.telegraphy import OnTelegram, on_telegram
from tests.fakes.telegram import TelegramServer


@pytest.fixture
async def lobby(home: Path) -> AsyncIterator[Serving]:
    """A room on loopback."""
    async with serving(home) as served:
        yield served


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    """Telegram; at the end the bot must have been refused nothing, and have pinged nobody."""
    async with TelegramServer() as server:
        yield server
    assert server.faults == []


@pytest.fixture
async def listening(home: Path, telegram: TelegramServer) -> AsyncIterator[OnTelegram]:
    """A bot that is on Telegram."""
    async with on_telegram(home, telegram) as running:
        yield running
