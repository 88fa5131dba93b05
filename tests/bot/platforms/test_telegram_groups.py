"""What happens to groups: they become supergroups, and the bot is sent away."""

from __future__ import annotations

from pathlib import Path

import structlog

from bot.conversation import Message, Place
from tests.bot.platforms.telegraphy import OnTelegram, answer, on_telegram
from tests.fakes.telegram import TelegramServer
from tests.fakes.telegram.membership import Standing


async def test_a_supergroup(telegram: TelegramServer, listening: OnTelegram) -> None:
    """What a group has set, and its story, go along when it becomes a supergroup."""
    ada = telegram.user("Ada")
    old = telegram.group("Night shift", members=[ada], admins=[ada])
    await answer(old, ada, "/temperature 0.4")
    await ada.says(old, "/story start seconds=600 Once upon")
    await old.until(lambda message: message.buttons)

    new = old.migrate()

    told = await answer(new, ada, "/temperature")
    assert "0.4" in told.text
    ballot = await new.until(lambda message: message.buttons)
    assert (await ada.presses(ballot, ballot.buttons[0])).text.startswith("You voted for")
    telegram.faults.clear()


async def test_said_to_the_group_before(telegram: TelegramServer, listening: OnTelegram) -> None:
    """What is said to a group whose new id the bot has not heard yet is said in the supergroup, once."""
    ada = telegram.user("Ada")
    old = telegram.group("Night shift", members=[ada], admins=[ada])
    place = Place("telegram", str(old.id))
    posted = await listening.adapter.post(place, Message("Once"))
    telegram.updates.allowed = frozenset({"callback_query"})  # the news are late
    new = old.migrate()

    await listening.adapter.post(place, Message("Twice"))

    assert [said.text for said in new.said] == ["Twice"]
    assert await listening.adapter.edit(place, posted, Message("Thrice")) is None
    assert [said.text for said in new.said] == ["Twice"]
    telegram.pardon("upgraded to a supergroup")


async def test_a_chosen_group(home: Path, telegram: TelegramServer) -> None:
    """A group on the list stays served when its id changes, and the log tells the operator to change the list."""
    ada = telegram.user("Ada")
    old = telegram.group("Night shift", members=[ada], admins=[ada])

    with structlog.testing.capture_logs() as lines:
        async with on_telegram(home, telegram, chats=(str(old.id),)):
            await answer(old, ada, "/status")
            new = old.migrate()
            told = await answer(new, ada, "/status")

    assert "default model" in told.text
    (warned,) = [line for line in lines if line["log_level"] == "warning"]
    assert (warned["old"], warned["new"]) == (old.id, new.id)
    assert "put it into telegram.chats" in warned["event"]


async def test_a_chosen_group_whose_news_are_late(home: Path, telegram: TelegramServer) -> None:
    """A group on the list stays served when the bot learns of its new id by saying something there."""
    ada = telegram.user("Ada")
    old = telegram.group("Night shift", members=[ada], admins=[ada])

    async with on_telegram(home, telegram, chats=(str(old.id),)) as running:
        await answer(old, ada, "/status")
        telegram.updates.allowed = frozenset({"callback_query"})  # the news are late
        new = old.migrate()
        await running.adapter.post(Place("telegram", str(old.id)), Message("Once"))
        telegram.updates.allowed = frozenset({"message"})
        told = await answer(new, ada, "/status")

    assert "default model" in told.text
    telegram.pardon("upgraded to a supergroup")


async def test_sent_away(telegram: TelegramServer, listening: OnTelegram) -> None:
    """What a group has set is forgotten when the bot is sent away, and nothing is said there any more."""
    ada = telegram.user("Ada")
    chat = telegram.group("Night shift", members=[ada], admins=[ada])
    await answer(chat, ada, "/temperature 0.4")
    await ada.says(chat, "/story start seconds=600 Once upon")
    await chat.until(lambda message: message.buttons)

    chat.remove_bot(ada)
    await telegram.until(lambda: telegram.updates.pending == 0)
    await listening.settled()
    chat.add_bot(ada)

    told = await answer(chat, ada, "/temperature")
    assert "0.4" not in told.text
    assert "No story is running" in (await answer(chat, ada, "/status")).text


async def test_left_for_a_supergroup(telegram: TelegramServer, listening: OnTelegram) -> None:
    """The news that the bot has left a group, which comes with a group's becoming a supergroup, lose nothing."""
    ada = telegram.user("Ada")
    old = telegram.group("Night shift", members=[ada], admins=[ada])
    await answer(old, ada, "/temperature 0.4")

    old.stand(telegram.bot, Standing.LEFT, ada)
    old.members[telegram.bot.id] = Standing.MEMBER
    new = old.migrate()

    assert "0.4" in (await answer(new, ada, "/temperature")).text
    telegram.faults.clear()


async def test_left(telegram: TelegramServer, listening: OnTelegram) -> None:
    """What a group has set is forgotten when the bot has left it."""
    ada = telegram.user("Ada")
    chat = telegram.group("Night shift", members=[ada], admins=[ada])
    await answer(chat, ada, "/temperature 0.4")

    chat.stand(telegram.bot, Standing.LEFT, ada)
    await telegram.until(lambda: telegram.updates.pending == 0)
    await listening.settled()
    chat.add_bot(ada)

    assert "0.4" not in (await answer(chat, ada, "/temperature")).text
    telegram.pardon("not a member")
