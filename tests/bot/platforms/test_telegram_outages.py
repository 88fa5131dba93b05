"""When Telegram is away, refuses the token, or says something that nobody foresaw."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from bot.conversation import MayNotWrite, Message, Place
from bot.platforms.telegram.faults import WrongToken
from tests.bot.platforms.telegraphy import OnTelegram, answer, on_telegram
from tests.fakes.telegram import TelegramServer


@pytest.mark.parametrize("token", ["7000000001:AAnotTheTokenOfAnybodyAtAll_00000000", "nonsense"])
async def test_wrong_token(home: Path, telegram: TelegramServer, token: str) -> None:
    """A token that Telegram does not know is one sentence, and is not tried again."""
    async with on_telegram(home, telegram, token=SecretStr(token)) as running:
        with pytest.raises(WrongToken, match=r"telegram\.token.*@BotFather"):
            await running.serving

    assert [request.method for request in telegram.requests] == ["getMe"]
    telegram.pardon("getMe")


async def test_revoked_token(telegram: TelegramServer, listening: OnTelegram) -> None:
    """A token that is revoked while the bot runs ends it with the same sentence."""
    ada = telegram.user("Ada")
    await answer(telegram.private(ada), ada, "/status")
    telegram.revoke_token()
    await ada.says(telegram.private(ada), "/status")

    with pytest.raises(WrongToken):
        await listening.serving

    assert len([request for request in telegram.requests if request.status == 401]) <= 3


async def test_away_at_the_start(home: Path, telegram: TelegramServer) -> None:
    """A Telegram that is away when the bot starts is waited for."""
    ada = telegram.user("Ada")
    telegram.fail("getMe", 502, body="<html>Bad Gateway</html>")
    telegram.fail("deleteWebhook", 500)

    async with on_telegram(home, telegram):
        told = await answer(telegram.private(ada), ada, "/status")

    assert "default model" in told.text


async def test_away_for_a_while(telegram: TelegramServer, listening: OnTelegram) -> None:
    """What is written while Telegram cannot be reached is answered afterwards."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)
    await answer(chat, ada, "/status")

    async with telegram.down():
        asked = await ada.says(chat, "/help status")

    await chat.until(lambda message: message.reply_to is asked)


@pytest.mark.parametrize(
    "failure", [{"status": 500}, {"status": 200, "body": "<html>"}, {"status": 200, "body": "[1]"}, {"status": 409}]
)
async def test_polls_that_fail(telegram: TelegramServer, listening: OnTelegram, failure: dict[str, object]) -> None:
    """Errors, nonsense and conflicts in place of updates are waited out."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)
    await answer(chat, ada, "/status")
    telegram.fail("getUpdates", times=2, **failure)  # type: ignore[arg-type]

    told = await answer(chat, ada, "/help status")

    assert told.text
    assert len(chat.said) == 2


async def test_two_programs(home: Path, telegram: TelegramServer) -> None:
    """Where another program takes the updates, one clear line of the log says so, and no storm begins."""
    telegram.fail("getUpdates", 409, times=4)

    with structlog.testing.capture_logs() as lines:
        async with on_telegram(home, telegram):
            await telegram.until(lambda: len(telegram.calls("getUpdates")) >= 4)

    told = [line["event"] for line in lines if line["log_level"] == "error"]
    assert told == ["another program takes this bot's updates; stop it, or make a new token"]


@pytest.mark.parametrize("status", [500, 502])
async def test_answers_that_fail(telegram: TelegramServer, listening: OnTelegram, status: int) -> None:
    """A message that Telegram fails to take is sent again."""
    ada = telegram.user("Ada")
    telegram.fail("sendMessage", status, times=2)

    told = await answer(telegram.private(ada), ada, "/status")

    assert "default model" in told.text


async def test_a_dropped_connection(telegram: TelegramServer, listening: OnTelegram) -> None:
    """A message whose connection broke is sent again."""
    ada = telegram.user("Ada")
    telegram.drop("sendMessage", handled=False)

    told = await answer(telegram.private(ada), ada, "/status")

    assert "default model" in told.text


async def test_too_many_requests(telegram: TelegramServer, listening: OnTelegram) -> None:
    """A message that is to come later comes later, while presses are answered."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)
    await ada.says(chat, "/story start Once upon")
    ballot = await chat.until(lambda message: message.buttons)
    telegram.fail("sendMessage", 429, retry_after=3)
    asked = await ada.says(chat, "/status")
    await telegram.until(lambda: telegram.requests[-1].status == 429)

    await ada.presses(ballot, ballot.buttons[0])

    assert not any(message.reply_to is asked for message in chat.said)
    await chat.until(lambda message: message.reply_to is asked)


async def test_updates_nobody_knows(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Updates and fields that nobody knows, and broken ones, hold up nothing."""
    ada = telegram.user("Ada")
    telegram.unknown_fields = True
    telegram.updates.allowed = frozenset()
    telegram.inject(brand_new_kind={"x": 1})
    telegram.inject(message={"message_id": "nonsense"})
    telegram.inject(callback_query={"id": "1", "from": ada.json(), "chat_instance": "1"})

    told = await answer(telegram.private(ada), ada, "/status")

    assert "default model" in told.text


async def test_thrown_out(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Where the bot may not write, posting and editing say so."""
    ada = telegram.user("Ada")
    removed, muted = telegram.group("One", admins=[ada]), telegram.supergroup("Two", admins=[ada])
    removed.remove_bot(ada)
    muted.restrict_bot(ada)

    for chat in (removed.id, muted.id, -1_004_711, ada.id):
        with pytest.raises(MayNotWrite):
            await listening.adapter.post(Place("telegram", str(chat)), Message("Once"))

    telegram.faults.clear()


async def test_a_blocked_bot(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Who has blocked the bot is not written to, and can come back."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)
    await answer(chat, ada, "/status")
    await ada.blocks_bot()
    with pytest.raises(MayNotWrite):
        await listening.adapter.post(Place("telegram", str(ada.id)), Message("Once"))
    telegram.pardon("bot was blocked by the user")

    await ada.unblocks_bot()

    assert (await answer(chat, ada, "/status")).text
