"""What people on Telegram agreed to give: their messages and edits, and nothing else anywhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from telegram import Update

from bot.platforms.telegram.overhearing import overheard
from storage import names
from tests.bot.collected import EARLIER, kept, logged, texts
from tests.bot.platforms.telegraphy import OnTelegram, answer, on_telegram
from tests.fakes.telegram import Chat, TelegramServer, User


@pytest.fixture
def people(telegram: TelegramServer) -> tuple[User, User]:
    """Ada and Ben."""
    return telegram.user("Ada"), telegram.user("Ben")


@pytest.fixture
def chat(telegram: TelegramServer, people: tuple[User, User]) -> Chat:
    """A forum that the bot hears whole."""
    telegram.can_read_all_group_messages = True
    return telegram.supergroup("Night shift", members=list(people), admins=[people[0]], forum=True)


async def log(on: OnTelegram, chat: Chat, *people: User) -> None:
    """Turns a chat's log on, as of some minutes ago, when these people agreed."""
    since = datetime.now(UTC) - EARLIER
    await logged(on.bot.database, f"telegram:{chat.id}", since, *(f"telegram:{person.id}" for person in people))
    await on.bot.collecting.look_again()


def of_chat(on: OnTelegram, chat: Chat) -> Callable[[], Awaitable[list[str]]]:
    """What is kept of a chat."""
    return lambda: texts(on.bot.database, on.bot.vault, f"telegram:{chat.id}")


async def test_messages_and_edits(
    telegram: TelegramServer, listening: OnTelegram, chat: Chat, people: tuple[User, User]
) -> None:
    """Of a logged chat and its topics is kept what those say who agreed; edits change it, and forwards are others'."""
    ada, ben = people
    topic = telegram.topic(chat, "aside")
    await log(listening, chat, ada)
    first = await ada.says(chat, "line 0")
    await ada.says(chat, "in a topic", topic=topic)
    theirs = await ben.says(chat, "Ben did not agree")
    await ada.forwards(theirs, chat)
    await ada.says(chat, "an answer", reply_to=first)
    await answer(chat, ada, "/status")

    await ada.edits(first, "another line")
    await ben.edits(theirs, "Ben still does not")
    await answer(chat, ada, "/status")

    posts = await kept(listening.bot.database, listening.bot.vault, f"telegram:{chat.id}")
    assert [(post.text, post.reply_to) for post in posts] == [
        ("another line", None),
        ("in a topic", None),
        ("an answer", str(first.id)),
    ]
    assert {(post.person, post.source) for post in posts} == {(f"telegram:{ada.id}", "channel_log")}
    known = partial(names.of_place, vault=listening.bot.vault, place=f"telegram:{chat.id}")
    assert await listening.bot.database.read(known) == {"Ada", "ada"}  # and what Telegram lets others write with an @


async def test_nothing_elsewhere(
    telegram: TelegramServer,
    listening: OnTelegram,
    chat: Chat,
    people: tuple[User, User],
    home: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is not for the bot and may not be kept is in no file of the bot's home, and in no log line."""
    caplog.set_level("DEBUG")
    ada, ben = people
    other = telegram.supergroup("Elsewhere", members=[ada])
    await log(listening, chat, ada)

    await ben.says(chat, "xylophone of Ben's")
    await ada.says(other, "xylophone elsewhere")
    await answer(chat, ada, "/status")

    assert await of_chat(listening, chat)() == []
    assert b"xylophone" not in files(home)
    assert "xylophone" not in caplog.text


async def test_edits_are_asked_for(
    telegram: TelegramServer, listening: OnTelegram, chat: Chat, people: tuple[User, User]
) -> None:
    """Edits are asked for only where something is kept."""
    await answer(chat, people[0], "/status")
    before = telegram.updates.allowed

    await log(listening, chat, people[0])
    await answer(chat, people[0], "/status")
    await answer(chat, people[0], "/status")

    assert "edited_message" not in before
    assert "edited_message" in telegram.updates.allowed


async def test_twice(telegram: TelegramServer, home: Path, chat: Chat, people: tuple[User, User]) -> None:
    """What comes again after a restart is kept once."""
    ada, _ = people
    async with on_telegram(home, telegram) as first:
        await log(first, chat, ada)
        telegram.repeat(updates=1)
        await ada.says(chat, "once")
        await answer(chat, ada, "/status")
    async with on_telegram(home, telegram) as again:
        await ada.says(chat, "twice")
        await answer(chat, ada, "/status")

        assert await of_chat(again, chat)() == ["once", "twice"]


async def test_moved(telegram: TelegramServer, listening: OnTelegram, people: tuple[User, User]) -> None:
    """A group that becomes a supergroup goes on being logged."""
    ada, _ = people
    telegram.can_read_all_group_messages = True
    group = telegram.group("Night shift", members=[ada], admins=[ada])
    await log(listening, group, ada)
    await ada.says(group, "before")
    await answer(group, ada, "/status")

    moved = group.migrate()
    await answer(moved, ada, "/status")
    await ada.says(moved, "after")
    await answer(moved, ada, "/status")

    assert await of_chat(listening, moved)() == ["before", "after"]


def files(home: Path) -> bytes:
    """All that the files of a home hold."""
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


async def test_who_hides(
    telegram: TelegramServer, listening: OnTelegram, chat: Chat, people: tuple[User, User]
) -> None:
    """What an administrator writes who hides their name is nobody's who could agree, though they have themselves."""
    ada, _ = people
    await log(listening, chat, ada, telegram.anonymous)
    await ada.says(chat, "in the group's name", anonymous=True)
    await ada.says(chat, "in her own")

    await answer(chat, ada, "/status")

    assert await of_chat(listening, chat)() == ["in her own"]


@pytest.mark.parametrize("kind", ["message", "edited_message", "channel_post", "edited_channel_post"])
def test_channels(kind: str) -> None:
    """What a channel posts, there or in its group, is nobody's who could agree."""
    channel = {"id": -1009, "type": "channel", "title": "News"}
    group = {"id": -1005, "type": "supergroup", "title": "Talk of the news"}
    telegrams = {"id": 777000, "is_bot": False, "first_name": "Telegram"}  # who says what a channel says in a group
    post: dict[str, Any] = {"message_id": 9, "date": 1, "edit_date": 2, "sender_chat": channel, "text": "news"}
    where = {"chat": channel} if "channel" in kind else {"chat": group, "from": telegrams, "is_automatic_forward": True}

    assert overheard(Update.de_json({"update_id": 1, kind: post | where}, None)) is None
