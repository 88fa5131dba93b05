"""Each limit of Telegram's is refused with 400, and noted."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatAdministrators,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MessageEntity,
)
from telegram import User as TelegramUser
from telegram.error import BadRequest, EndPointNotFound

from tests.fakes.telegram import Chat, TelegramServer, User


def button(label: str = "and", data: str = "v:1:1") -> InlineKeyboardButton:
    """A button for the bot."""
    return InlineKeyboardButton(label, callback_data=data)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a" * 4097, "too long"),
        ("&amp;" * 4097, "too long"),
        ("", "text is empty"),
        (" \n\u200b", "text is empty"),
        ("<b>open", "can't find end tag"),
        ("<b>crossed</i>", "unexpected end tag"),
        ("1 < 2", "unsupported start tag"),
        ("<script>x</script>", "unsupported start tag"),
    ],
)
async def test_text_refused(telegram: TelegramServer, bot: Any, chat: Chat, text: str, why: str) -> None:
    """A text that is too long, empty or broken HTML is refused, for messages and for edits."""
    sent = await bot.send_message(chat.id, "fine")

    with pytest.raises(BadRequest, match=f"(?i){why}"):
        await bot.send_message(chat.id, text, parse_mode="HTML")
    with pytest.raises(BadRequest, match=f"(?i){why}"):
        await bot.edit_message_text(text, chat.id, sent.message_id, parse_mode="HTML")

    assert [fault.status for fault in telegram.faults] == [400, 400]
    telegram.faults.clear()


async def test_text_taken(bot: Any, chat: Chat) -> None:
    """4096 characters fit, be they of four bytes or escaped; what controls text is cleaned away."""
    await bot.send_message(chat.id, "😀" * 4096)
    await bot.send_message(chat.id, "&lt;" * 4096, parse_mode="HTML")
    await bot.send_message(chat.id, " a\0b\u202ec\r\n ")

    assert [len(message.text) for message in chat.said] == [4096, 4096, 4]
    assert chat.newest.text == "a bc"


@pytest.mark.parametrize(
    ("keyboard", "why"),
    [
        ([[button() for _ in range(9)]], "9 buttons"),
        ([[button() for _ in range(8)] for _ in range(13)], "too long"),
        ([[button(" ")]], "button text is empty"),
        ([[button(data="ä" * 33)]], "Button_data_invalid"),
        ([[InlineKeyboardButton("lonely")]], "unallowed"),
    ],
)
async def test_keyboard_refused(
    telegram: TelegramServer, bot: Any, chat: Chat, keyboard: list[list[InlineKeyboardButton]], why: str
) -> None:
    """Too many buttons, blank ones, ones without a purpose and data beyond 64 bytes are refused."""
    with pytest.raises(BadRequest, match=why):
        await bot.send_message(chat.id, "Ballot", reply_markup=InlineKeyboardMarkup(keyboard))

    assert len(telegram.faults) == 1
    telegram.faults.clear()


async def test_keyboard_taken(bot: Any, chat: Chat) -> None:
    """100 buttons fit, 8 in a row, with 64 bytes each."""
    rows = [[button(data="ä" * 32) for _ in range(8)] for _ in range(12)] + [[button() for _ in range(4)]]

    await bot.send_message(chat.id, "Ballot", reply_markup=InlineKeyboardMarkup(rows))

    assert len(chat.newest.buttons) == 100
    assert len(chat.newest.rows) == 13


async def test_other_lengths(telegram: TelegramServer, bot: Any, chat: Chat) -> None:
    """Captions, answers to presses and topics' names have limits of their own."""
    await bot.send_document(chat.id, b"x", caption="c" * 1024)

    with pytest.raises(BadRequest, match="caption is too long"):
        await bot.send_document(chat.id, b"x", caption="c" * 1025)
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.answer_callback_query("1", "a" * 201)
    with pytest.raises(BadRequest, match="File must be non-empty"):
        await bot.send_document(chat.id, b"")

    assert len(telegram.faults) == 3
    telegram.faults.clear()


@pytest.mark.parametrize(("offset", "length"), [(0, 4), (3, 1), (1, 1), (2, 1), (0, 0), (-1, 2)])
async def test_entities_outside(telegram: TelegramServer, bot: Any, chat: Chat, offset: int, length: int) -> None:
    """Entities must lie inside the text, counted in UTF-16 units, and may not cut a character."""
    with pytest.raises(BadRequest, match="Entity bold"):
        await bot.send_message(chat.id, "a😀", entities=[MessageEntity("bold", offset, length)])

    telegram.pardon("entity bold")


async def test_pings(telegram: TelegramServer, bot: Any, chat: Chat, ada: User) -> None:
    """A text that would notify a member is taken, and noted; in code or for strangers it would notify nobody."""
    quiet = ["<code>@ada</code>", "<pre>@Ada and @bob</pre>", "@nobody_here", "ada@example.org", "@adamant"]
    for text in quiet:
        await bot.send_message(chat.id, text, parse_mode="HTML")
    assert telegram.faults == []
    other = telegram.supergroup("Loud", members=[ada])

    await bot.send_message(other.id, "Hello @Ada!")
    await bot.send_message(other.id, f'<a href="tg://user?id={ada.id}">you</a>', parse_mode="HTML")
    mention = MessageEntity("text_mention", 0, 3, user=TelegramUser(ada.id, "Ada", False))
    await bot.send_message(other.id, "you", entities=[mention])

    assert [fault.reason for fault in telegram.pardon("pings")] == ["pings @Ada", "pings you", "pings you"]
    assert len(other.said) == 3


@pytest.mark.parametrize(
    ("commands", "why"),
    [
        ([("Help", "Says what there is")], "(?i)bot_command_invalid"),
        ([("a" * 33, "long")], "(?i)bot_command_invalid"),
        ([("help", "")], "(?i)description_invalid"),
        ([("help", "d" * 257)], "(?i)description_invalid"),
        ([(f"c{number}", "d") for number in range(101)], "(?i)commands_too_much"),
        ([("help", "d"), ("help", "d")], "(?i)bot_command_invalid"),
    ],
)
async def test_commands_refused(telegram: TelegramServer, bot: Any, commands: list[tuple[str, str]], why: str) -> None:
    """Names, descriptions and number of commands have limits."""
    with pytest.raises(BadRequest, match=why):
        await bot.set_my_commands([BotCommand(*command) for command in commands])

    assert len(telegram.faults) == 1
    telegram.faults.clear()


async def test_menus(telegram: TelegramServer, bot: Any, chat: Chat, ada: User, bob: User) -> None:
    """People see the commands of the narrowest scope, in their language where it is there."""
    await bot.set_my_commands([BotCommand("help", "What there is")])
    await bot.set_my_commands([BotCommand("help", "Was es gibt")], language_code="de")
    await bot.set_my_commands([BotCommand("story", "Vote")], scope=BotCommandScopeAllGroupChats())
    await bot.set_my_commands([BotCommand("log", "Log")], scope=BotCommandScopeChatAdministrators(chat.id))
    await bot.set_my_commands([BotCommand("mydata", "Data")], scope=BotCommandScopeAllPrivateChats())
    await bot.delete_my_commands(scope=BotCommandScopeAllPrivateChats())

    assert telegram.menu(ada, chat) == [("log", "Log")]
    assert telegram.menu(bob, chat) == [("story", "Vote")]
    assert telegram.menu(ada, telegram.private(ada)) == [("help", "Was es gibt")]
    assert telegram.menu(bob, telegram.private(bob)) == [("help", "What there is")]
    assert await bot.get_my_commands(language_code="de") == (BotCommand("help", "Was es gibt"),)


async def test_menus_refused(telegram: TelegramServer, bot: Any) -> None:
    """A language of more than two letters and a chat that nobody knows are refused."""
    with pytest.raises(BadRequest, match="language code"):
        await bot.set_my_commands([BotCommand("help", "帮助")], language_code="zh-hans")
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.set_my_commands([BotCommand("help", "Help")], scope=BotCommandScopeChat(-5))

    assert len(telegram.faults) == 2
    telegram.faults.clear()


async def test_descriptions(telegram: TelegramServer, bot: Any) -> None:
    """The bot's descriptions are kept by language, up to 512 and 120 characters."""
    await bot.set_my_description("Writes with you.")
    await bot.set_my_short_description("Schreibt mit.", language_code="de")

    with pytest.raises(BadRequest, match="too long"):
        await bot.set_my_description("d" * 513)
    with pytest.raises(BadRequest, match="too long"):
        await bot.set_my_short_description("d" * 121)

    assert telegram.description == {"": "Writes with you."}
    assert telegram.short_description == {"de": "Schreibt mit."}
    assert len(telegram.pardon("too long")) == 2


async def test_published_api(telegram: TelegramServer, bot: Any, chat: Chat) -> None:
    """A call that does not fit Telegram's published API is refused with the field that does not."""
    if not telegram.schema_checked:
        pytest.skip("Telegram's published API is not beside the repository")

    for parameters, why in (
        ({"chat_id": chat.id, "text": "a", "colour": "red"}, "no field colour"),
        ({"chat_id": chat.id}, "text is missing"),
        ({"chat_id": chat.id, "text": "a", "disable_notification": "often"}, "disable_notification: 'often' is no"),
        ({"chat_id": chat.id, "text": "a", "reply_markup": {"inline_keyboard": [[{"url": "a"}]]}}, "text is missing"),
    ):
        with pytest.raises(BadRequest, match=why):
            await bot.do_api_request("sendMessage", parameters)

    assert len(telegram.pardon("published API")) == 4


async def test_unknown_method(telegram: TelegramServer, bot: Any, chat: Chat) -> None:
    """A method that Telegram, or this server, does not know is not found, and noted."""
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("sendTelepathy", {"chat_id": chat.id})

    assert telegram.pardon("sendTelepathy")[0].status == 404
