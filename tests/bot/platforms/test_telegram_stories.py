"""Stories on Telegram: buttons, replies, and topics."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.conversation import MayNotWrite, Message, NoThreads, Place
from generators.scripted import Pace
from tests.bot.platforms.telegraphy import OnTelegram, answer, on_telegram
from tests.fakes.telegram import Message as Seen
from tests.fakes.telegram import TelegramServer

BEGIN = "/story start candidates=3 seconds=600 Once upon"


def is_ballot(message: Seen) -> bool:
    """Whether people can vote on a message."""
    return bool(message.buttons)


async def test_presses_are_answered_at_once(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Presses of many people at once are each counted and answered."""
    people = [telegram.user(f"Reader {number}") for number in range(12)]
    chat = telegram.group("Night shift", members=people, admins=people[:1])
    await people[0].says(chat, BEGIN)
    ballot = await chat.until(is_ballot)

    answers = await asyncio.gather(*(person.presses(ballot, ballot.buttons[0]) for person in people))

    assert all(one.text.startswith("You voted for") and not one.alert for one in answers)
    assert [button.data for button in ballot.buttons] == [f"v:1:{slot}" for slot in range(3)]


async def test_presses_do_not_wait_for_texts(home: Path, telegram: TelegramServer) -> None:
    """A press is answered while a text is being written in the same chat."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)
    pace = Pace()
    async with on_telegram(home, telegram, pace=pace):
        pace.free()
        await ada.says(chat, BEGIN)
        ballot = await chat.until(is_ballot)
        telegram.slow("sendMessage", 5.0)
        asked = await ada.says(chat, "/status")

        told = await ada.presses(ballot, ballot.buttons[1])
        answered = [message for message in chat.said if message.reply_to is asked]

    assert told.text.startswith("You voted for")
    assert answered == []


async def test_a_press_too_old(telegram: TelegramServer, listening: OnTelegram) -> None:
    """A press whose answer Telegram does not want any more is counted all the same."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)
    await ada.says(chat, BEGIN)
    ballot = await chat.until(is_ballot)
    telegram.fail("answerCallbackQuery", 400)

    with pytest.raises(TimeoutError):
        await ada.presses(ballot, ballot.buttons[1], seconds=0.3)
    again = await ada.presses(ballot, ballot.buttons[1])

    assert "already" in again.text


async def test_a_press_that_is_hard_to_answer(telegram: TelegramServer, listening: OnTelegram) -> None:
    """An answer to a press that Telegram fails to take is sent again."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)
    await ada.says(chat, BEGIN)
    ballot = await chat.until(is_ballot)
    telegram.fail("answerCallbackQuery", 502)

    told = await ada.presses(ballot, ballot.buttons[0])

    assert told.text.startswith("You voted for")


async def test_nonsense_pressed(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Data that no button of ours ever had is answered in a sentence."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)
    await ada.says(chat, BEGIN)
    ballot = await chat.until(is_ballot)

    told = await ada.presses_raw(ballot, "nonsense")

    assert told.text


async def test_a_long_notice(telegram: TelegramServer, listening: OnTelegram) -> None:
    """What a press is told is never longer than Telegram shows."""
    ada = telegram.user("Ada")
    chat = telegram.private(ada)
    await ada.says(chat, BEGIN.replace("candidates", "unit=sentence candidates"))
    ballot = await chat.until(is_ballot)
    await ada.says(chat, "🐝" * 95, reply_to=ballot)
    ballot = await chat.until(lambda message: any("🐝" in button.text for button in message.buttons))

    told = await ada.presses(ballot, next(button for button in ballot.buttons if "🐝" in button.text))

    assert 0 < len(told.text) <= 200


async def test_written_in(telegram: TelegramServer, listening: OnTelegram) -> None:
    """A reply to a ballot is a write-in; buttons that would ask for a text are left out."""
    ada, ben = telegram.user("Ada"), telegram.user("Ben")
    chat = telegram.group("Night shift", members=[ada, ben], admins=[ada])
    await ada.says(chat, BEGIN)
    ballot = await chat.until(is_ballot)
    assert len(ballot.buttons) == 3

    told = await answer(chat, ben, "paper moon", reply_to=ballot)

    assert "paper moon" in told.text
    assert "paper moon" in (await answer(chat, ada, "/story show")).text


async def test_topics(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Each topic of a forum is a place: its story, its answers and its votes stay in it."""
    ada = telegram.user("Ada")
    chat = telegram.supergroup("Writers", members=[ada], admins=[ada], forum=True)
    prose, verse = telegram.topic(chat, "Prose"), telegram.topic(chat, "Verse")

    await ada.says(chat, BEGIN, topic=prose)
    ballot = await chat.until(is_ballot)
    told = await answer(chat, ada, "/status", topic=verse)
    general = await answer(chat, ada, "/status")
    pressed = await ada.presses(ballot, ballot.buttons[0])

    assert ballot.topic == prose.id
    assert told.topic == verse.id
    assert "No story is running here" in told.text
    assert general.topic is None
    assert pressed.text.startswith("You voted for")


async def test_settings_of_a_topic(telegram: TelegramServer, listening: OnTelegram) -> None:
    """What a forum has set holds in its topics."""
    ada = telegram.user("Ada")
    chat = telegram.supergroup("Writers", members=[ada], admins=[ada], forum=True)
    topic = telegram.topic(chat, "Prose")

    await answer(chat, ada, "/temperature 0.4")
    told = await answer(chat, ada, "/temperature", topic=topic)

    assert "0.4" in told.text


async def test_a_deleted_topic(telegram: TelegramServer, listening: OnTelegram) -> None:
    """A topic that was deleted is a place where the bot may not write."""
    ada = telegram.user("Ada")
    chat = telegram.supergroup("Writers", members=[ada], forum=True)
    topic = telegram.topic(chat, "Prose")
    chat.delete_topic(topic)

    with pytest.raises(MayNotWrite):
        await listening.adapter.post(Place("telegram", f"{chat.id}:{topic.id}", str(chat.id)), Message("Once"))

    telegram.pardon("message thread not found")


async def test_a_thread_for_a_story(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Where the bot may open topics it opens one."""
    ada = telegram.user("Ada")
    forum = telegram.supergroup("Writers", members=[ada], admins=[ada], forum=True)
    forum.promote_bot(ada)

    topic = await listening.adapter.thread(Place("telegram", str(forum.id)), "A tale")

    (made,) = forum.topics.values()
    assert made.name == "A tale"
    assert topic == Place("telegram", f"{forum.id}:{made.id}", channel=str(forum.id))


async def test_no_threads(telegram: TelegramServer, listening: OnTelegram) -> None:
    """Where there are no topics, or the bot may open none, nothing is tried."""
    ada = telegram.user("Ada")
    forum = telegram.supergroup("Writers", members=[ada], admins=[ada], forum=True)
    group = telegram.group("Night shift", members=[ada], admins=[ada])
    telegram.private(ada)

    for chat in (forum.id, group.id, ada.id):
        with pytest.raises(NoThreads):
            await listening.adapter.thread(Place("telegram", str(chat)), "A tale")

    assert telegram.calls("createForumTopic") == []
