"""Telegram's flood limits, and how the real library obeys what it is told."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Bot
from telegram.error import RetryAfter

from tests.fakes.clock import FakeClock
from tests.fakes.telegram import Chat, Rates, TelegramServer, User
from tests.fakes.telegram.refusal import Refused


def taken(rates: Rates, calls: list[tuple[str, int]], now: float) -> list[int | None]:
    """The retry_after of each call at one moment; None for those that go through."""
    answers: list[int | None] = []
    for method, chat in calls:
        try:
            rates.take(method, chat, now)
            answers.append(None)
        except Refused as refused:
            answers.append(refused.retry_after)
    return answers


def test_chat() -> None:
    """In a chat a burst of 5 goes through, then one a second; edits count as messages do."""
    rates = Rates()

    first = taken(rates, [("sendMessage", 1), ("editMessageText", 1)] * 3, now=100.0)
    soon = taken(rates, [("sendMessage", 1)], now=100.5)
    later = taken(rates, [("sendMessage", 1), ("sendMessage", 1)], now=101.0)

    assert first == [None] * 5 + [1]
    assert soon == [1]
    assert later == [None, 1]


def test_group() -> None:
    """In a group 20 messages and edits go through in any minute, and no more."""
    rates = Rates()

    slow = [taken(rates, [("sendMessage", -1)], now=100.0 + second)[0] for second in range(21)]
    full = taken(rates, [("editMessageText", -1), ("sendChatAction", -1)], now=150.0)
    again = taken(rates, [("sendMessage", -1), ("sendMessage", -1)], now=160.0)

    assert slow == [None] * 20 + [40]
    assert full == [10, None]
    assert again == [None, 1]


def test_all_chats() -> None:
    """Over all chats 30 calls go through in any second."""
    rates = Rates()

    first = taken(rates, [("sendMessage", chat) for chat in range(1, 32)], now=100.0)
    second = taken(rates, [("getChat", 50)], now=101.0)

    assert first == [None] * 30 + [1]
    assert second == [None]


async def test_more_than_20_a_minute(telegram: TelegramServer, chat: Chat, clock: FakeClock) -> None:
    """The 21st message of a minute in a group is refused with the seconds to wait, and noted."""
    async with Bot(telegram.token, base_url=telegram.base_url) as hasty:
        for number in range(20):
            await hasty.send_message(chat.id, str(number))
            clock.advance(1)
        with pytest.raises(RetryAfter) as refused:
            await hasty.send_message(chat.id, "21")
        await hasty.get_me()

    assert refused.value.retry_after == 40
    assert len(chat.said) == 20
    assert [fault.status for fault in telegram.pardon("retry after 40")] == [429]


async def test_library_waits(telegram: TelegramServer, bot: Any, ada: User) -> None:
    """The library's rate limiter waits for what a 429 says, then sends."""
    private = telegram.private(ada)
    telegram.fail("sendMessage", 429, retry_after=1)

    await bot.send_message(private.id, "patient")

    assert [request.status for request in telegram.calls("sendMessage")] == [429, 200]
    assert private.newest.text == "patient"
