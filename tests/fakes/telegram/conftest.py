"""The stand-in with people in it, and python-telegram-bot's own bot connected to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from telegram.ext import AIORateLimiter, ExtBot

from tests.fakes.clock import FakeClock
from tests.fakes.telegram import Chat, TelegramServer, User


@pytest.fixture
def clock() -> FakeClock:
    """The server's time."""
    return FakeClock()


@pytest.fixture
async def telegram(clock: FakeClock) -> AsyncIterator[TelegramServer]:
    """A server that ends a test with no fault but those which the test took out."""
    async with TelegramServer(clock=lambda: clock.now().timestamp()) as telegram:
        yield telegram
    assert telegram.faults == []


@pytest.fixture
async def bot(telegram: TelegramServer) -> AsyncIterator[ExtBot[Any]]:
    """The real library's bot, with its rate limiter; tests take it as Any, since nearly all it gives may be None."""
    async with ExtBot(
        telegram.token,
        base_url=telegram.base_url,
        base_file_url=telegram.base_file_url,
        rate_limiter=AIORateLimiter(max_retries=1),
    ) as bot:
        yield bot


@pytest.fixture
def ada(telegram: TelegramServer) -> User:
    """Who owns the group."""
    return telegram.user("Ada", language_code="de")


@pytest.fixture
def bob(telegram: TelegramServer) -> User:
    """Who is in the group."""
    return telegram.user("Bob")


@pytest.fixture
def chat(telegram: TelegramServer, ada: User, bob: User) -> Chat:
    """A group with Ada, Bob and the bot."""
    return telegram.group("Night shift", members=[ada, bob], admins=[ada])


@pytest.fixture
def forum(telegram: TelegramServer, ada: User, bob: User) -> Chat:
    """A supergroup with topics, with Ada, Bob and the bot."""
    return telegram.supergroup("Library", members=[ada, bob], admins=[ada], forum=True)
