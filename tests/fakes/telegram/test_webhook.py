"""Updates posted to the bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from telegram.error import BadRequest, Conflict

from tests.fakes.telegram import Chat, TelegramServer, User
from tests.patience import PATIENCE


@dataclass
class Receiver:
    """A bot's webhook.

    Attributes:
        url: where it listens.
        answers: the statuses that it gives next; 200 when there is none.
        got: paths, secrets and update ids, oldest first.
    """

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[tuple[str, str | None, int]] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def receive(self, request: web.BaseRequest) -> web.Response:
        update = await request.json()
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        async with self.arrived:
            self.got.append((request.path, secret, update["update_id"]))
            self.arrived.notify_all()
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    async def until(self, number: int) -> None:
        """Returns once so many updates came."""
        async with self.arrived, asyncio.timeout(PATIENCE):
            await self.arrived.wait_for(lambda: len(self.got) >= number)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A webhook on loopback."""
    receiver = Receiver()
    server = web.Server(receiver.receive)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    yield receiver
    listener.close()
    await server.shutdown(0.05)


async def test_posted_with_secret(
    telegram: TelegramServer, bot: Any, receiver: Receiver, chat: Chat, ada: User
) -> None:
    """Updates are posted with the secret, through a proxy at the public address, until they are taken."""
    receiver.answers = [500, 503]
    telegram.webhook_via = receiver.url
    await bot.set_webhook("https://bot.example.org:8443/telegram", secret_token="s3cret")

    await ada.says(chat, "/help")
    await ada.says(chat, "/status")
    await receiver.until(4)
    await telegram.until(lambda: not telegram.updates.pending)

    first, second = (update for *_, update in receiver.got[2:])
    assert receiver.got == [("/telegram", "s3cret", first)] * 3 + [("/telegram", "s3cret", second)]
    assert second == first + 1
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count) == ("https://bot.example.org:8443/telegram", 0)


async def test_no_polls_meanwhile(
    telegram: TelegramServer, bot: Any, receiver: Receiver, chat: Chat, ada: User
) -> None:
    """With a webhook polls are refused with 409; without it again they get what was not taken."""
    receiver.answers = [500] * 100
    await bot.set_webhook(receiver.url)
    await ada.says(chat, "/help")
    await receiver.until(1)

    with pytest.raises(Conflict):
        await bot.get_updates()
    await bot.delete_webhook()

    assert len(await bot.get_updates()) == 1
    telegram.pardon("webhook is active")


async def test_repeated(telegram: TelegramServer, bot: Any, receiver: Receiver, chat: Chat, ada: User) -> None:
    """An update can be posted again after it was taken."""
    await bot.set_webhook(receiver.url)
    telegram.repeat()

    await ada.says(chat, "/help")
    await receiver.until(2)

    assert receiver.got[0] == receiver.got[1]


@pytest.mark.parametrize(
    ("url", "secret", "why"),
    [
        ("http://bot.example.org/", None, "https url"),
        ("https://bot.example.org:8477/", None, "ports 80, 88, 443 or 8443"),
        ("https://bot.example.org/", "with blanks", "unallowed characters"),
    ],
)
async def test_refused(telegram: TelegramServer, bot: Any, url: str, secret: str | None, why: str) -> None:
    """Public addresses need https and one of four ports, secrets are letters, digits, _ and -."""
    with pytest.raises(BadRequest, match=why):
        await bot.set_webhook(url, secret_token=secret)

    assert len(telegram.faults) == 1
    telegram.faults.clear()
