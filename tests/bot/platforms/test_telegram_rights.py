"""Who may do what on Telegram, and where the bot serves at all."""

from __future__ import annotations

from pathlib import Path

import structlog

from tests.bot.platforms.telegraphy import OnTelegram, answer, on_telegram
from tests.fakes.telegram import TelegramServer


async def test_admins(telegram: TelegramServer, listening: OnTelegram) -> None:
    """In a group administrators may set values and others may not; Telegram is asked once a minute."""
    ada, ben = telegram.user("Ada"), telegram.user("Ben")
    chat = telegram.group("Night shift", members=[ben], admins=[ada])

    refused = await answer(chat, ben, "/temperature 0.5")
    allowed = await answer(chat, ada, "/temperature 0.6")
    await answer(chat, ada, "/temperature 0.7")

    assert "admin" in refused.text
    assert "0.6" in allowed.text
    assert len(telegram.calls("getChatMember")) == 2


async def test_alone(telegram: TelegramServer, listening: OnTelegram) -> None:
    """In a private chat everybody may do everything, and nobody is asked."""
    ada = telegram.user("Ada")

    told = await answer(telegram.private(ada), ada, "/temperature 0.5")

    assert "0.5" in told.text
    assert telegram.calls("getChatMember") == []


async def test_anonymous_admin(telegram: TelegramServer, listening: OnTelegram) -> None:
    """An administrator who hides behind the group's name is one."""
    ada = telegram.user("Ada")
    chat = telegram.supergroup("Night shift", admins=[ada])

    told = await answer(chat, ada, "/temperature 0.5", anonymous=True)

    assert "0.5" in told.text


async def test_rights_cannot_be_told(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Where Telegram does not say who somebody is, it is asked again; who is unknown there has no rights."""
    ada = telegram.user("Ada")
    chat = telegram.group("Night shift", admins=[ada])

    telegram.fail("getChatMember", 500)
    allowed = await answer(chat, ada, "/temperature 0.5")
    ben = telegram.user("Ben")
    refused = await answer(chat, ben, "/temperature 0.6")

    assert "0.5" in allowed.text
    assert "admin" in refused.text
    telegram.pardon("member not found")


async def test_what_asks_for_no_rights(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Stories are started, votes cast and mistakes made without rights, so Telegram is not asked for any."""
    ada, ben = telegram.user("Ada"), telegram.user("Ben")
    chat = telegram.group("Night shift", members=[ben], admins=[ada])
    await ada.says(chat, "/story start Once upon")
    ballot = await chat.until(lambda message: message.buttons)

    await ben.presses(ballot, ballot.buttons[0])
    await answer(chat, ben, "/story")
    await answer(chat, ben, "/tell temperature=9")

    assert telegram.calls("getChatMember") == []


async def test_a_story_of_somebody_else(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Who neither started a story nor administrates the group cannot end it; an administrator can."""
    ada, ben, cyd = telegram.user("Ada"), telegram.user("Ben"), telegram.user("Cyd")
    chat = telegram.group("Night shift", members=[ben, cyd], admins=[ada])
    await ben.says(chat, "/story start Once upon")
    await chat.until(lambda message: message.buttons)

    refused = await answer(chat, cyd, "/story stop")
    stopped = await answer(chat, ada, "/story stop")

    assert "admin" in refused.text
    assert "admin" not in stopped.text


async def test_chosen_chats(home: Path, telegram: TelegramServer) -> None:
    """In a chat that is not on the list a command is told so once, and nothing else happens there."""
    ada = telegram.user("Ada")
    ours = telegram.group("Ours", members=[ada])
    other = telegram.group("Other", members=[ada])

    async with on_telegram(home, telegram, chats=(str(ours.id),)):
        first = await answer(other, ada, "/status")
        await ada.says(other, "/status")
        await ada.says(other, "@planchette_bot hello")
        told = await answer(ours, ada, "/status")

    assert str(other.id) in first.text
    assert "telegram.chats" in first.text
    assert "default model" in told.text
    assert len(other.said) == 1


async def test_a_chat_that_cannot_be_told(home: Path, telegram: TelegramServer) -> None:
    """Where a chat is not on the list and the bot may not write there either, that is no error of the bot's."""
    ada = telegram.user("Ada")
    ours, other = telegram.group("Ours", members=[ada]), telegram.supergroup("Other", admins=[ada])
    other.restrict_bot(ada)

    with structlog.testing.capture_logs() as lines:
        async with on_telegram(home, telegram, chats=(str(ours.id),)):
            await ada.says(other, "/status")
            await telegram.until(lambda: telegram.calls("sendMessage"))
            await answer(ours, ada, "/status")

    assert [line["event"] for line in lines if line["log_level"] == "error"] == []
    telegram.pardon("sendMessage")
