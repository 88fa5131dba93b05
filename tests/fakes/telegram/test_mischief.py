"""What the server does wrong when it is told to; none of it is the bot's fault."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telegram.error import InvalidToken, NetworkError, TimedOut
from telegram.ext import ExtBot

from tests.fakes.telegram import Chat, TelegramServer, User


async def test_server_errors(telegram: TelegramServer, bot: Any, chat: Chat) -> None:
    """The next calls are answered with errors, in JSON or not, and the one after that is done."""
    telegram.fail("sendMessage", 500)
    telegram.fail("sendMessage", 502, body="<html>Bad Gateway</html>")

    for _ in range(2):
        with pytest.raises(NetworkError):
            await bot.send_message(chat.id, "text")
    await bot.send_message(chat.id, "text")

    assert len(chat.said) == 1


async def test_slow(telegram: TelegramServer, bot: Any, chat: Chat) -> None:
    """A slow answer runs into the client's deadline."""
    telegram.slow("*", 1)

    with pytest.raises(TimedOut):
        await bot.send_message(chat.id, "text", read_timeout=0.05)


@pytest.mark.parametrize("handled", [True, False])
async def test_dropped(telegram: TelegramServer, bot: Any, chat: Chat, handled: bool) -> None:
    """A connection ends without an answer, after the message was sent or before."""
    telegram.drop("sendMessage", handled=handled)

    with pytest.raises(NetworkError):
        await bot.send_message(chat.id, "text")

    assert len(chat.said) == handled
    assert telegram.calls("sendMessage")[0].status == 0


async def test_down(telegram: TelegramServer, bot: Any, chat: Chat) -> None:
    """While the server is down nothing connects and polls end; afterwards all is there again at the same port."""
    polling = asyncio.create_task(bot.get_updates(timeout=10))
    await telegram.until(lambda: telegram.updates.polled)

    async with telegram.down():
        with pytest.raises(NetworkError):
            await polling
        with pytest.raises(NetworkError):
            await bot.send_message(chat.id, "text")
    await bot.send_message(chat.id, "text")

    assert len(chat.said) == 1


async def test_repeated(telegram: TelegramServer, bot: Any, chat: Chat, ada: User) -> None:
    """An update comes again after it was confirmed, once."""
    telegram.repeat()
    await ada.says(chat, "/help")
    (first,) = await bot.get_updates()

    (second,) = await bot.get_updates(offset=first.update_id + 1)
    none = await bot.get_updates(offset=first.update_id + 1)

    assert second.update_id == first.update_id
    assert none == ()


async def test_out_of_order(telegram: TelegramServer, bot: Any, chat: Chat, ada: User) -> None:
    """What happened together arrives in reverse."""
    with telegram.out_of_order():
        await ada.says(chat, "/help")
        await ada.says(chat, "/status")

    texts = [update.message.text for update in await bot.get_updates()]

    assert texts == ["/status", "/help"]


async def test_unknown(telegram: TelegramServer, bot: Any, chat: Chat, ada: User) -> None:
    """Kinds of updates and fields that nobody knows arrive, and the library lives with them."""
    telegram.unknown_fields = True
    telegram.inject(telepathy={"thought": "hello"})
    await ada.says(chat, "/help")

    strange, said = await bot.get_updates()

    assert strange.api_kwargs["telepathy"]["thought"] == "hello"
    assert said.message.text == "/help"
    assert said.message.api_kwargs == {"weather": {"sky": "red"}}


async def test_revoked_token(telegram: TelegramServer, bot: Any, chat: Chat) -> None:
    """Once the token is revoked everything is answered with 401."""
    await bot.send_message(chat.id, "text")
    telegram.revoke_token()

    with pytest.raises(InvalidToken, match="Unauthorized"):
        await bot.get_me()


@pytest.mark.parametrize(("token", "status"), [("7000000001:" + "x" * 35, 401), ("nonsense", 404)])
async def test_wrong_token(telegram: TelegramServer, token: str, status: int) -> None:
    """A token that is not the bot's is refused with 401, one that is none with 404."""
    bot = ExtBot(token, base_url=telegram.base_url)

    with pytest.raises(InvalidToken):
        await bot.initialize()
    await bot.shutdown()

    assert [fault.status for fault in telegram.pardon("getMe")] == [status]


async def test_log_out(telegram: TelegramServer, bot: Any) -> None:
    """After logging out nothing more is done."""
    await bot.log_out()

    with pytest.raises(Exception, match="Logged out"):
        await bot.get_me()

    telegram.pardon("Logged out")
