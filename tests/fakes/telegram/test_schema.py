"""The published API: what is read from it, and that the stand-in itself keeps to it."""

from __future__ import annotations

from typing import Any

import pytest
from telegram.ext import ExtBot

from tests.fakes.telegram import Chat, TelegramServer, User
from tests.fakes.telegram.files import Upload
from tests.fakes.telegram.methods import METHODS
from tests.fakes.telegram.schema import TEXTS, Schema, decoded, published


@pytest.fixture
def schema() -> Schema:
    """Telegram's published API."""
    schema = published()
    if schema is None:
        pytest.skip("Telegram's published API is not beside the repository")
    return schema


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("Integer", 1, None),
        ("Integer", True, "True is no Integer"),
        ("Array of String", ["a", 1], "1 is no String"),
        ("BotCommand", {"command": "help"}, "description is missing"),
        ("BotCommand", {"command": "help", "description": "d", "icon": "x"}, "there is no field icon"),
        ("InlineKeyboardMarkup", {"inline_keyboard": [{"text": "a"}]}, "inline_keyboard: {'text': 'a'} is no array"),
    ],
)
def test_problems(schema: Schema, kind: str, value: Any, problem: str | None) -> None:
    """What is wrong with a value is said with the field that is wrong."""
    assert schema.problem(kind, value) == problem


def test_one_of_several_types(schema: Schema) -> None:
    """A field of several types takes each of them and nothing else."""
    call = {"user_id": 1}

    assert schema.problem_of_call("getChatMember", {"chat_id": -1} | call) is None
    assert schema.problem_of_call("getChatMember", {"chat_id": "@name"} | call) is None
    assert "fits none of Integer, String" in (schema.problem_of_call("getChatMember", {"chat_id": 1.5} | call) or "")


def test_text_fields(schema: Schema) -> None:
    """A form's field is read as text where Telegram wants text in it, also when it looks like a number."""
    texts = {
        field["name"]
        for method in METHODS
        for field in schema.methods[method].get("fields", [])
        if set(field["types"]) <= {"String", "InputFile"}
    }

    assert texts <= TEXTS | {"certificate"}
    assert decoded("text", "17") == "17"
    assert decoded("chat_id", "17") == 17
    assert decoded("chat_id", "@name") == "@name"


async def test_answers_fit(
    telegram: TelegramServer, bot: Any, chat: Chat, forum: Chat, ada: User, schema: Schema
) -> None:
    """The stand-in answers with what Telegram's published API describes."""
    forum.promote_bot(ada)
    picture = telegram.keep(Upload("a.png", b"\x89PNG\r\n", "image/png"), "photos")
    document = await ada.uploads(chat, "a.txt", b"a")
    assert document.document is not None

    for method, parameters in (
        ("getMe", {}),
        ("getChat", {"chat_id": chat.id}),
        ("getChat", {"chat_id": telegram.private(ada).id}),
        ("getChatMember", {"chat_id": chat.id, "user_id": ada.id}),
        ("getChatMember", {"chat_id": forum.id, "user_id": bot.id}),
        ("getChatAdministrators", {"chat_id": forum.id}),
        ("getChatMemberCount", {"chat_id": forum.id}),
        ("getFile", {"file_id": document.document.id}),
        ("getWebhookInfo", {}),
        ("createForumTopic", {"chat_id": forum.id, "name": "Poems"}),
        ("sendMessage", {"chat_id": chat.id, "text": "Hello.", "reply_parameters": {"message_id": document.id}}),
        (
            "sendPhoto",
            {"chat_id": chat.id, "photo": picture.id},
        ),
        ("getUpdates", {}),
    ):
        answer = METHODS[method](telegram, parameters)
        value = answer if not hasattr(answer, "__await__") else await answer

        assert schema.problem(schema.methods[method]["returns"][0], value) is None, method


async def test_unchecked() -> None:
    """Without the published API malformed calls are still refused."""
    async with TelegramServer(checked=False) as telegram:
        bot: ExtBot[Any] = ExtBot(telegram.token, base_url=telegram.base_url)
        chat = telegram.private(telegram.user("Ada"))

        async with bot:
            with pytest.raises(Exception, match="malformed"):
                await bot.do_api_request("send_chat_action", {"chat_id": chat.id})

        assert not telegram.schema_checked
        assert len(telegram.pardon("malformed")) == 1


async def test_people_without_a_name(telegram: TelegramServer, bot: Any, ada: User) -> None:
    """An administrator who hides their name speaks as the group; a person may have no username."""
    eve = telegram.user("Eve", username="")
    chat = telegram.supergroup("Library", admins=[ada])
    await ada.says(chat, "/settings", anonymous=True)
    await eve.says(telegram.private(eve), "hello")

    hidden, plain = (update.message for update in await bot.get_updates())

    assert hidden.sender_chat.id == chat.id
    assert hidden.from_user.username == "GroupAnonymousBot"
    assert plain.from_user.username is None
