"""Messages: sent, changed, deleted, pressed; in topics, with files, across a migration."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Forbidden

from tests.fakes.clock import FakeClock
from tests.fakes.telegram import Button, Chat, TelegramServer, User

PICTURE = b"\x89PNG\r\n\x1a\n and so on"


def keyboard(*labels: str) -> InlineKeyboardMarkup:
    """One row of buttons whose data is their label in front of a colon."""
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=f"v:{label}") for label in labels]])


async def test_send_and_edit(bot: Any, chat: Chat) -> None:
    """People see what was sent, then what it was changed into, without the buttons that did not come again."""
    sent = await bot.send_message(chat.id, "*Ballot*", parse_mode="MarkdownV2", reply_markup=keyboard("and", "or"))
    ballot = await chat.until(lambda message: message.buttons)
    buttons = ballot.buttons

    await bot.edit_message_text("Closed", chat.id, sent.message_id)

    assert buttons == [Button("and", "v:and"), Button("or", "v:or")]
    assert (ballot.text, ballot.buttons, ballot.before) == ("Closed", [], ["Ballot"])
    assert ballot.id == sent.message_id


async def test_edit_keyboard(bot: Any, chat: Chat) -> None:
    """A keyboard can be changed under a text that stays."""
    sent = await bot.send_message(chat.id, "Ballot", reply_markup=keyboard("and"))

    await bot.edit_message_reply_markup(chat.id, sent.message_id, reply_markup=keyboard("or"))

    assert (chat.newest.text, [button.text for button in chat.newest.buttons]) == ("Ballot", ["or"])


async def test_press(telegram: TelegramServer, bot: Any, chat: Chat, bob: User) -> None:
    """Who presses gets the answer that the bot gives, with the time that it took."""
    await bot.send_message(chat.id, "Ballot", reply_markup=keyboard("and"))
    press = asyncio.create_task(bob.presses(chat.newest, "and"))
    (update,) = await bot.get_updates(timeout=5)

    await update.callback_query.answer("Your vote: and", show_alert=True)

    answer = await press
    assert update.callback_query.data == "v:and"
    assert update.callback_query.message.text == "Ballot"
    assert (answer.text, answer.alert) == ("Your vote: and", True)
    assert 0 < answer.seconds < 5


async def test_press_of_what_is_gone(bot: Any, chat: Chat, bob: User) -> None:
    """A button that was edited away can still be pressed; one that never was can not."""
    sent = await bot.send_message(chat.id, "Ballot", reply_markup=keyboard("and"))
    await bot.edit_message_text("Closed", chat.id, sent.message_id)
    press = asyncio.create_task(bob.presses(chat.newest, "and"))
    (update,) = await bot.get_updates(timeout=5)
    await update.callback_query.answer()

    answer = await press
    with pytest.raises(LookupError, match="never had a button 'or'"):
        await bob.presses(chat.newest, "or")

    assert answer.text == ""


async def test_press_on_deleted_message(bot: Any, chat: Chat, ada: User, bob: User) -> None:
    """A press on a message that was deleted comes with a message that cannot be read."""
    await bot.send_message(chat.id, "Ballot", reply_markup=keyboard("and"))
    ballot = chat.newest
    await ada.deletes(ballot)

    press = asyncio.create_task(bob.presses(ballot, "and"))
    (update,) = await bot.get_updates(timeout=5)
    await update.callback_query.answer()
    await press

    assert not update.callback_query.message.is_accessible


async def test_answer_twice(telegram: TelegramServer, bot: Any, chat: Chat, bob: User) -> None:
    """A press is answered once."""
    await bot.send_message(chat.id, "Ballot", reply_markup=keyboard("and"))
    press = asyncio.create_task(bob.presses(chat.newest, "and"))
    (update,) = await bot.get_updates(timeout=5)
    await update.callback_query.answer()
    await press

    with pytest.raises(BadRequest, match="Query is too old"):
        await update.callback_query.answer()

    assert len(telegram.pardon("query is too old")) == 1


async def test_answer_late(telegram: TelegramServer, bot: Any, chat: Chat, bob: User, clock: FakeClock) -> None:
    """A press that is older than 15 s cannot be answered any more."""
    await bot.send_message(chat.id, "Ballot", reply_markup=keyboard("and"))
    press = asyncio.create_task(bob.presses(chat.newest, "and"))
    (update,) = await bot.get_updates(timeout=5)
    clock.advance(16)

    with pytest.raises(BadRequest, match="Query is too old"):
        await update.callback_query.answer()

    press.cancel()
    telegram.pardon("query is too old")


async def test_same_edit(telegram: TelegramServer, bot: Any, chat: Chat) -> None:
    """An edit that changes nothing people see is refused, also where it only adds blanks at the end."""
    sent = await bot.send_message(chat.id, "Once upon a time", reply_markup=keyboard("and"))

    with pytest.raises(BadRequest, match="not modified"):
        await bot.edit_message_text("Once upon a time \n", chat.id, sent.message_id, reply_markup=keyboard("and"))

    telegram.pardon("not modified")


async def test_edit_of_deleted(telegram: TelegramServer, bot: Any, chat: Chat, ada: User) -> None:
    """A message that an administrator deleted can be neither changed nor deleted again."""
    sent = await bot.send_message(chat.id, "Ballot")
    await ada.deletes(chat.newest)

    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("Closed", chat.id, sent.message_id)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(chat.id, sent.message_id)

    assert chat.said == []
    assert len(telegram.pardon("not found")) == 2


async def test_foreign_messages(telegram: TelegramServer, bot: Any, chat: Chat, ada: User) -> None:
    """What others wrote the bot can never change, and delete only as an administrator."""
    said = await ada.says(chat, "mine")

    with pytest.raises(BadRequest, match="can't be edited"):
        await bot.edit_message_text("yours", chat.id, said.id)
    with pytest.raises(BadRequest, match="Not enough rights"):
        await bot.delete_message(chat.id, said.id)
    chat.promote_bot(ada)
    await bot.delete_message(chat.id, said.id)

    assert chat.messages == []
    telegram.pardon("can't be edited")
    telegram.pardon("not enough rights")


async def test_reply(telegram: TelegramServer, bot: Any, chat: Chat, ada: User) -> None:
    """A reply to a deleted message is refused unless the bot allows to send it without."""
    said = await ada.says(chat, "/generate")
    await bot.send_message(chat.id, "text", reply_parameters=ReplyParameters(said.id))
    answered = chat.newest.reply_to
    await ada.deletes(said)

    with pytest.raises(BadRequest, match="replied not found"):
        await bot.send_message(chat.id, "text", reply_parameters=ReplyParameters(said.id))
    await bot.send_message(
        chat.id, "anyway", reply_parameters=ReplyParameters(said.id, allow_sending_without_reply=True)
    )

    assert answered is said
    assert (chat.newest.text, chat.newest.reply_to) == ("anyway", None)
    telegram.pardon("replied not found")


async def test_topics(telegram: TelegramServer, bot: Any, forum: Chat, ada: User) -> None:
    """What is said in a topic carries its id, and an answer goes where that id says."""
    topic = telegram.topic(forum, "Poems")
    await ada.says(forum, "/help", topic=topic)
    created, said = (update.message for update in await bot.get_updates())

    await said.reply_text("Here.")

    assert created.forum_topic_created.name == "Poems"
    assert said.is_topic_message
    assert said.reply_to_message.forum_topic_created is not None
    assert said.message_thread_id == forum.newest.topic == topic.id


async def test_topics_that_end(telegram: TelegramServer, bot: Any, forum: Chat, chat: Chat) -> None:
    """A topic that is closed or deleted takes no message, nor does a topic that never was."""
    topic = telegram.topic(forum, "Poems")
    forum.close_topic(topic)
    with pytest.raises(BadRequest, match="Topic_closed"):
        await bot.send_message(forum.id, "text", message_thread_id=topic.id)
    forum.delete_topic(topic)

    for place in (forum, chat):
        with pytest.raises(BadRequest, match="Message thread not found"):
            await bot.send_message(place.id, "text", message_thread_id=topic.id)

    telegram.pardon("TOPIC_CLOSED")
    assert len(telegram.pardon("thread not found")) == 2


async def test_create_topic(telegram: TelegramServer, bot: Any, forum: Chat, ada: User) -> None:
    """A bot that leads can make a topic and write in it; one that does not can not."""
    with pytest.raises(BadRequest, match="Not enough rights"):
        await bot.create_forum_topic(forum.id, "Votes")
    forum.promote_bot(ada)

    topic = await bot.create_forum_topic(forum.id, "Votes")
    await bot.send_message(forum.id, "Ballot", message_thread_id=topic.message_thread_id)

    assert forum.newest.topic == topic.message_thread_id
    telegram.pardon("not enough rights")


async def test_threads_of_replies(telegram: TelegramServer, bot: Any, ada: User) -> None:
    """In a supergroup without topics a reply has a thread, which is no topic to send to."""
    plain = telegram.supergroup("Plain", members=[ada], admins=[ada])
    await bot.send_message(plain.id, "Ballot")
    await ada.says(plain, "word", reply_to=plain.newest)
    (update,) = await bot.get_updates()

    with pytest.raises(BadRequest, match="thread not found"):
        await bot.send_message(plain.id, "text", message_thread_id=update.message.message_thread_id)

    assert not update.message.is_topic_message
    telegram.pardon("thread not found")


async def test_documents_and_pictures(telegram: TelegramServer, bot: Any, chat: Chat) -> None:
    """Files reach people byte by byte, with captions that can be changed; a picture must be one."""
    await bot.send_document(chat.id, b"# Story\n", filename="story.md", caption="The end")
    story = chat.newest
    await bot.send_photo(chat.id, PICTURE, caption="curve")
    photo = chat.newest
    await bot.edit_message_caption(chat.id, photo.id, caption="a better curve")

    with pytest.raises(BadRequest, match="Image_process_failed"):
        await bot.send_photo(chat.id, b"text")

    assert story.document is not None
    assert (story.document.name, story.document.data, story.text) == ("story.md", b"# Story\n", "The end")
    assert photo.photo is not None
    assert (photo.photo.data, photo.text) == (PICTURE, "a better curve")
    telegram.pardon("IMAGE_PROCESS_FAILED")


async def test_migration(telegram: TelegramServer, bot: Any, chat: Chat, ada: User) -> None:
    """A group that became a supergroup tells both ids, and the old one answers where it went."""
    new = chat.migrate()
    told_old, told_new = (update.message for update in await bot.get_updates())

    with pytest.raises(ChatMigrated) as migrated:
        await bot.send_message(chat.id, "Ballot")
    await bot.send_message(migrated.value.new_chat_id, "Ballot")

    assert (told_old.chat_id, told_old.migrate_to_chat_id) == (chat.id, new.id)
    assert (told_new.chat_id, told_new.migrate_from_chat_id) == (new.id, chat.id)
    assert new.newest.text == "Ballot"
    assert (await bot.get_chat_member(new.id, ada.id)).status == "creator"
    telegram.pardon("upgraded to a supergroup")


async def test_where_the_bot_may_not_write(telegram: TelegramServer, bot: Any, chat: Chat, ada: User) -> None:
    """Restricted, thrown out, gone by itself, blocked, never begun or nowhere: each is told as Telegram tells it."""
    private, stranger = telegram.private(ada), telegram.user("Eve")
    await ada.blocks_bot()
    chat.restrict_bot(ada)
    with pytest.raises(BadRequest, match="Not enough rights to send text messages to the chat"):
        await bot.send_message(chat.id, "text")
    chat.remove_bot(ada)

    with pytest.raises(Forbidden, match="bot was kicked from the group chat"):
        await bot.send_message(chat.id, "text")
    chat.add_bot(ada)
    await bot.leave_chat(chat.id)
    with pytest.raises(Forbidden, match="bot is not a member of the group chat"):
        await bot.get_chat(chat.id)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(private.id, "text")
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        await bot.send_message(stranger.id, "text")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(-5, "text")

    telegram.pardon("not enough rights")
    assert len(telegram.pardon("sendMessage")) == 4
    telegram.pardon("getChat")


async def test_people_wait_in_vain(chat: Chat) -> None:
    """Waiting for what does not come ends with what was there."""
    with pytest.raises(TimeoutError, match=r"the bot said \[\]"):
        await chat.until(lambda message: message.buttons, seconds=0.01)
