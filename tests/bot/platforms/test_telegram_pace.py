"""How fast calls leave for Telegram, and over which connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from bot.configuration import TelegramKeys
from bot.platforms.telegram.client import CONNECTIONS, Client
from bot.platforms.telegram.pace import EVERYWHERE
from tests.fakes.telegram import TelegramServer
from tests.patience import PATIENCE


@pytest.fixture
async def client(telegram: TelegramServer) -> AsyncIterator[Client]:
    """What speaks to Telegram, without a bot."""
    client = Client(TelegramKeys(token=SecretStr(telegram.token), api=telegram.url))
    yield client
    await client.close_connections()


async def test_a_crowd(telegram: TelegramServer, client: Client) -> None:
    """However much is to be said at once, nothing is refused; what is over the rate waits for the next second."""
    chats = [telegram.group(f"Group {number}").id for number in range(2 * EVERYWHERE[0])]

    began = time.monotonic()
    await asyncio.gather(*(client.send_message(chat, "Once") for chat in chats))

    assert [request.status for request in telegram.calls("sendMessage")] == [200] * len(chats)
    assert time.monotonic() - began >= EVERYWHERE[1]


async def test_a_group(telegram: TelegramServer, client: Client) -> None:
    """A short burst goes to a chat at once, and then a message a second."""
    chat = telegram.group("Night shift").id

    await asyncio.gather(*(client.send_message(chat, "Once") for _ in range(6)))

    assert [request.status for request in telegram.calls("sendMessage")] == [200] * 6


async def test_a_restart(telegram: TelegramServer, client: Client) -> None:
    """What a chat was told just before the bot was started again counts: nothing is refused after it either."""
    chat = telegram.group("Night shift").id
    again = Client(TelegramKeys(token=SecretStr(telegram.token), api=telegram.url))

    for each in (client, again):
        await asyncio.gather(*(each.send_message(chat, "Once") for _ in range(4)))
    await again.close_connections()

    assert [request.status for request in telegram.calls("sendMessage")] == [200] * 8


async def test_presses_do_not_wait(telegram: TelegramServer, client: Client) -> None:
    """A press is answered while every connection for what is said waits for Telegram."""
    ada = telegram.user("Ada")
    await client.send_message(telegram.private(ada).id, "Vote")
    telegram.slow("sendMessage", 30.0, times=CONNECTIONS)
    chats = [telegram.group(f"Group {number}").id for number in range(CONNECTIONS + 1)]
    saying = [asyncio.create_task(client.send_message(chat, "Once")) for chat in chats]
    async with asyncio.timeout(PATIENCE):
        while telegram.mischiefs.waiting:  # noqa: ASYNC110  # the server tells nobody of calls under way
            await asyncio.sleep(0.01)

    query = telegram.queries.ask(ada, telegram.private(ada).said[0], "v:1:1")
    await client.answer_callback_query(query.id, "Counted")

    await query.answer
    assert not any(task.done() for task in saying)
    for task in saying:
        task.cancel()
    await asyncio.gather(*saying, return_exceptions=True)
