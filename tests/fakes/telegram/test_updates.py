"""Updates: what the bot hears, how polls confirm it, and who may poll."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import Conflict
from telegram.ext import ExtBot

from tests.fakes.telegram import Chat, TelegramServer, User
from tests.patience import PATIENCE


async def test_poll_and_confirm(telegram: TelegramServer, bot: Any, chat: Chat, ada: User) -> None:
    """An update comes with every poll until an offset beyond it confirms it."""
    await ada.says(chat, "/help")
    await ada.says(chat, "/status")

    first = await bot.get_updates(limit=1)
    again = await bot.get_updates()
    rest = await bot.get_updates(offset=first[0].update_id + 1)
    none = await bot.get_updates(offset=rest[-1].update_id + 1)

    assert [update.effective_message.text for update in again] == ["/help", "/status"]
    assert [update.effective_message.text for update in rest] == ["/status"]
    assert none == ()


async def test_long_poll(bot: Any, chat: Chat, ada: User) -> None:
    """A poll that waits is answered as soon as something happens."""
    polling = asyncio.create_task(bot.get_updates(timeout=10))
    await asyncio.sleep(0)

    await ada.says(chat, "/help")

    updates = await asyncio.wait_for(polling, PATIENCE)
    assert updates[0].message.from_user.language_code == "de"


async def test_two_pollers(telegram: TelegramServer, bot: Any, chat: Chat, ada: User) -> None:
    """A second poll ends the first with 409, as a second instance of a bot does."""
    first = asyncio.create_task(bot.get_updates(timeout=10))
    await telegram.until(lambda: telegram.updates.polled)

    async with ExtBot(telegram.token, base_url=telegram.base_url) as other:
        second = asyncio.create_task(other.get_updates(timeout=10))
        with pytest.raises(Conflict):
            await first
        await ada.says(chat, "/help")
        updates = await second

    assert len(updates) == 1
    telegram.pardon("terminated by other getUpdates")


async def test_vanished_poller(telegram: TelegramServer, bot: Any) -> None:
    """A poll whose client has gone is in nobody's way."""
    first = asyncio.create_task(bot.get_updates(timeout=10))
    await telegram.until(lambda: telegram.updates.polled)

    first.cancel()
    await telegram.until(lambda: not telegram.updates.polled)

    assert await bot.get_updates() == ()


async def test_allowed_updates(telegram: TelegramServer, bot: Any, chat: Chat, ada: User, bob: User) -> None:
    """Changes of members come only to those who ask for them."""
    chat.promote_bot(ada)
    chat.promote(bob)
    unasked = await bot.get_updates(allowed_updates=["chat_member"])

    chat.demote(bob)
    asked = await bot.get_updates(offset=unasked[-1].update_id + 1)

    assert [update.my_chat_member is not None for update in unasked] == [True]
    assert [update.chat_member.new_chat_member.status for update in asked] == ["member"]


async def test_privacy_mode(telegram: TelegramServer, bot: Any, chat: Chat, ada: User, bob: User) -> None:
    """With privacy mode the bot hears of a group commands, mentions and replies to it, and all once it leads."""
    mine = await _sent(bot, chat, "Hello.")
    await ada.says(chat, "nobody listens")
    await ada.says(chat, "/help")
    await ada.says(chat, "/help@planchette_bot")
    await ada.says(chat, "/help@other_bot")
    await ada.says(chat, "well, @Planchette_Bot?")
    await ada.says(chat, "yes", reply_to=chat.stored[mine])
    chat.promote_bot(ada)
    await bob.says(chat, "now it listens")

    texts = [update.message.text for update in await bot.get_updates() if update.message]

    assert texts == ["/help", "/help@planchette_bot", "well, @Planchette_Bot?", "yes", "now it listens"]


async def test_privacy_mode_off(telegram: TelegramServer, bot: Any, chat: Chat, ada: User) -> None:
    """Without privacy mode the bot hears all people, and getMe says so; other bots it never hears by default."""
    telegram.can_read_all_group_messages = True
    other = telegram.user("Helper", is_bot=True)
    chat.join(other)
    await bot.get_updates(offset=-1)

    await ada.says(chat, "hello")
    await other.says(chat, "I am a bot")
    telegram.hears_bots = True
    await other.says(chat, "I am still a bot")

    texts = [update.message.text for update in await bot.get_updates() if update.message.text]
    assert texts == ["hello", "I am still a bot"]
    assert (await bot.get_me()).can_read_all_group_messages


async def test_command_after_another_bot(telegram: TelegramServer, bot: Any, chat: Chat, ada: User) -> None:
    """A command without a name goes to the bot that spoke last."""
    other = telegram.user("Helper", is_bot=True)
    await _sent(bot, chat, "I am here.")
    await other.says(chat, "So am I.")
    await ada.says(chat, "/help")

    before = await bot.get_updates()
    await _sent(bot, chat, "I am here again.")
    await ada.says(chat, "/help")

    assert before == ()
    assert len(await bot.get_updates()) == 1


async def test_as_typed(telegram: TelegramServer, bot: Any, ada: User) -> None:
    """Telegram cleans what people write; where it is told not to, everything arrives as it was typed."""
    private = telegram.private(ada)
    await ada.says(private, " /help a\0b\u202e ")
    telegram.cleans = False
    await ada.says(private, "/help \ud800a\0b\u202e ")

    cleaned, typed = (update.message.text for update in await bot.get_updates())

    assert cleaned == "/help a b"
    assert typed == "/help \ud800a\0b\u202e "


async def test_edits_and_uploads(bot: Any, telegram: TelegramServer, ada: User) -> None:
    """What people change and upload arrives with its text, and the file can be fetched."""
    private = telegram.private(ada)
    said = await ada.says(private, "first")
    await ada.edits(said, "second")
    await ada.uploads(private, "chat.json", b'{"messages": []}', caption="here")

    _, edited, uploaded = await bot.get_updates()

    assert edited.edited_message.text == "second"
    assert uploaded.message.caption == "here"
    assert uploaded.message.document.file_name == "chat.json"
    file = await bot.get_file(uploaded.message.document.file_id)
    assert await file.download_as_bytearray() == b'{"messages": []}'


async def test_the_bot_comes_and_goes(bot: Any, chat: Chat, ada: User) -> None:
    """Each change of what the bot is in a chat comes as an update."""
    chat.promote_bot(ada)
    chat.demote_bot(ada)
    chat.restrict_bot(ada)
    chat.remove_bot(ada)
    chat.add_bot(ada)

    updates = await bot.get_updates()

    states = [update.my_chat_member.new_chat_member.status for update in updates if update.my_chat_member]
    assert states == ["administrator", "member", "restricted", "kicked", "member"]
    assert updates[-1].message.new_chat_members[0].id == bot.id


async def test_updates_fit_the_published_api(
    telegram: TelegramServer, bot: Any, chat: Chat, forum: Chat, ada: User, bob: User
) -> None:
    """Everything that the stand-in sends is what Telegram's published API describes."""
    if telegram.schema is None:
        pytest.skip("Telegram's published API is not beside the repository")
    telegram.can_read_all_group_messages = True
    topic = telegram.topic(forum, "Poems")
    said = await ada.says(forum, "#one https://example.org 😀 /help", topic=topic)
    await ada.says(forum, "answer", reply_to=said, anonymous=True)
    await ada.edits(said, "two")
    await ada.uploads(chat, "a.txt", b"a")
    ballot = chat.stored[await _sent(bot, chat, "Ballot", buttons=["and"])]
    press = asyncio.create_task(bob.presses(ballot, "and"))
    for happen in (chat.promote_bot, chat.restrict_bot, chat.remove_bot, chat.add_bot):
        happen(ada)
    forum.close_topic(topic)
    forum.reopen_topic(topic)
    chat.migrate()
    await telegram.until(lambda: telegram.updates.pending >= 15)

    press.cancel()
    updates = await telegram.updates.poll(0, 100, 0)

    assert [problem for update in updates if (problem := telegram.schema.problem("Update", update))] == []
    assert {kind for update in updates for kind in update} == {
        "update_id",
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    }
    assert all(Update.de_json(update, bot) for update in updates)


async def _sent(bot: Any, chat: Chat, text: str, buttons: list[str] | None = None) -> int:
    row = [InlineKeyboardButton(label, callback_data=f"v:{label}") for label in buttons or ()]
    markup = InlineKeyboardMarkup([row]) if row else None
    sent = await bot.send_message(chat.id, text, reply_markup=markup)
    return int(sent.message_id)
