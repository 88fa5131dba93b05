"""Updates that Telegram posts, behind a proxy or not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bot.platforms.telegram.faults import UnusableSecret, WebhookPort, WebhookRefused
from tests.bot.platforms.telegraphy import OnTelegram, on_telegram
from tests.fakes.telegram import TelegramServer
from tests.patience import PATIENCE

ADDRESS = "https://bot.example.org/telegram"
SECRET = "open_sesame"


@pytest.fixture
async def posted(home: Path, telegram: TelegramServer) -> AsyncIterator[OnTelegram]:
    """A bot to which updates are posted through a proxy."""
    async with on_telegram(
        home, telegram, webhook=ADDRESS, webhook_port=0, webhook_secret=SecretStr(SECRET)
    ) as running:
        telegram.webhook_via = f"http://127.0.0.1:{running.adapter.webhook_port}"
        await telegram.until(lambda: telegram.webhook.url)
        yield running


async def test_answers(telegram: TelegramServer, posted: OnTelegram) -> None:
    """Commands and presses come in without polling."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)

    await ada.says(chat, "/story start Once upon")
    ballot = await chat.until(lambda message: message.buttons)
    told = await ada.presses(ballot, ballot.buttons[0])

    assert told.text.startswith("You voted for")
    assert telegram.webhook.secret == SECRET
    assert telegram.calls("getUpdates") == []


async def test_back_to_polling(home: Path, telegram: TelegramServer, posted: OnTelegram) -> None:
    """A bot that polls takes the webhook away, and loses nothing that waited for it."""
    ada = telegram.user("Ada")
    posted.serving.cancel()
    await asyncio.wait({posted.serving})
    asked = await ada.says(telegram.private(ada), "/status")

    async with on_telegram(home / "other", telegram):
        await telegram.private(ada).until(lambda message: message.reply_to is asked)

    assert telegram.webhook.url == ""


@pytest.mark.parametrize(
    ("header", "body", "status"),
    [
        (None, '{"update_id": 1}', 401),
        ("guessed", '{"update_id": 1}', 401),
        (SECRET, "nonsense", 400),
        (SECRET, "[]", 400),
        (SECRET, "{}", 400),
        (SECRET, "x" * 1_000_001, 413),
        (SECRET, '{"update_id": 1, "brand_new_kind": {}}', 200),
    ],
)
async def test_strangers(posted: OnTelegram, header: str | None, body: str, status: int) -> None:
    """Who does not know the secret, or posts no update, gets nowhere."""
    headers = {} if header is None else {"X-Telegram-Bot-Api-Secret-Token": header}

    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        got = await http.post(f"http://127.0.0.1:{posted.adapter.webhook_port}/", headers=headers, content=body)

    assert got.status_code == status
    assert await posted.in_hand() == []


async def test_a_secret_of_its_own(home: Path, telegram: TelegramServer) -> None:
    """Without a secret in the settings one is made at each start."""
    secrets = set()

    for _ in range(2):
        async with on_telegram(home, telegram, webhook=ADDRESS, webhook_port=0):
            await telegram.until(lambda: telegram.webhook.url)
            secrets.add(telegram.webhook.secret)
        await telegram.webhook.set("", None)

    assert len(secrets) == 2
    assert None not in secrets


async def test_an_address_that_telegram_refuses(home: Path, telegram: TelegramServer) -> None:
    """An address that Telegram does not take ends the bot in a sentence that says what it takes."""
    async with on_telegram(home, telegram, webhook="http://bot.example.org/", webhook_port=0) as running:
        with pytest.raises(WebhookRefused, match="set it to a public https:// address"):
            await running.serving

    telegram.pardon("bad webhook")


async def test_a_port_in_use(home: Path, telegram: TelegramServer) -> None:
    """A port that another program has is named with the setting that chooses another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(WebhookPort, match=rf"{port}.*telegram\.webhook_port"):
            async with on_telegram(home, telegram, webhook=ADDRESS, webhook_port=port):
                pass


async def test_a_secret_that_no_header_carries(home: Path, telegram: TelegramServer) -> None:
    """A secret that Telegram could not send is refused in a sentence."""
    with pytest.raises(UnusableSecret, match=r"telegram\.webhook_secret"):
        async with on_telegram(home, telegram, webhook=ADDRESS, webhook_secret=SecretStr("open sesame")):
            pass
