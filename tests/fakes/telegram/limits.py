"""What Telegram takes at most (Bot API 10.1, at each method), checked as it checks it."""

from __future__ import annotations

import re
from typing import Any, Final

from tests.fakes.telegram.entities import INVISIBLE, Entity, Formatted, cleaned, given, with_found
from tests.fakes.telegram.markup import parsed
from tests.fakes.telegram.refusal import bad_request

TEXT: Final = 4096  # characters after entities; sendMessage
CAPTION: Final = 1024  # characters after entities; sendDocument, sendPhoto
CALLBACK_DATA: Final = 64  # bytes; InlineKeyboardButton
BUTTONS: Final = 100  # of a keyboard
BUTTONS_IN_ROW: Final = 8
CALLBACK_ANSWER: Final = 200  # characters; answerCallbackQuery
COMMANDS: Final = 100  # setMyCommands
COMMAND_NAME: Final = re.compile(r"[a-z0-9_]{1,32}\Z")  # BotCommand
COMMAND_DESCRIPTION: Final = 256  # characters; BotCommand
DESCRIPTION: Final = 512  # characters; setMyDescription
SHORT_DESCRIPTION: Final = 120  # characters; setMyShortDescription
LANGUAGE: Final = re.compile(r"(?:[a-z]{2})?\Z")  # ISO 639-1; setMyCommands and its like
TOPIC_NAME: Final = 128  # characters; createForumTopic
SECRET_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")  # setWebhook
DOWNLOAD: Final = 20_000_000  # bytes that a bot may fetch; getFile
UPLOAD: Final = 50_000_000  # bytes that a bot may send; «Sending files»
PHOTO: Final = 10_000_000  # bytes; sendPhoto
CHAT_ACTIONS: Final = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ]
)  # sendChatAction


def text_of(parameters: dict[str, Any]) -> Formatted:
    """The text of a message, 1 to 4096 characters after entities."""
    formatted = _formatted(parameters, "text", "entities")
    if all(character in INVISIBLE for character in formatted.text):
        raise bad_request("message text is empty")
    if len(formatted.text) > TEXT:
        raise bad_request("message is too long")
    return formatted


def caption_of(parameters: dict[str, Any]) -> Formatted:
    """The caption of a document or photo, at most 1024 characters after entities."""
    formatted = _formatted(parameters, "caption", "caption_entities")
    if len(formatted.text) > CAPTION:
        raise bad_request("message caption is too long")
    return formatted


def keyboard_of(parameters: dict[str, Any]) -> dict[str, Any] | None:
    """The inline keyboard of a message, or None; another kind of reply_markup comes back as it is."""
    markup: dict[str, Any] | None = parameters.get("reply_markup")
    if markup is None or "inline_keyboard" not in markup:
        return markup
    rows = [row for row in markup["inline_keyboard"] if row]
    if sum(map(len, rows)) > BUTTONS:
        raise bad_request("reply markup is too long")
    for row in rows:
        if len(row) > BUTTONS_IN_ROW:
            raise bad_request(f"a row of the inline keyboard has {len(row)} buttons, at most {BUTTONS_IN_ROW} fit")
        for button in row:
            _check_button(button)
    return {"inline_keyboard": rows} if rows else None


def check_language(parameters: dict[str, Any]) -> str:
    """The two-letter language of a call, empty for all."""
    language: str = parameters.get("language_code", "")
    if not LANGUAGE.match(language):
        raise bad_request("invalid language code specified")
    return language


def check_commands(commands: list[dict[str, Any]]) -> None:
    """Refuses a menu that Telegram would refuse."""
    if len(commands) > COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not COMMAND_NAME.match(command["command"]):
            raise bad_request(f"BOT_COMMAND_INVALID: {command['command']!r}")
        if not 1 <= len(command["description"].strip()) <= COMMAND_DESCRIPTION:
            raise bad_request(f"BOT_COMMAND_DESCRIPTION_INVALID: of {command['command']}")
    names = [command["command"] for command in commands]
    if len(set(names)) < len(names):
        raise bad_request("BOT_COMMAND_INVALID: a command is there twice")


def _formatted(parameters: dict[str, Any], text: str, entities: str) -> Formatted:
    source, mode, named = parameters.get(text, ""), parameters.get("parse_mode"), parameters.get(entities)
    formatted = parsed(source, mode) if mode else given(source, named or ())
    return with_found(cleaned(formatted))


def _check_button(button: dict[str, Any]) -> None:
    if not button["text"].strip():
        raise bad_request("inline keyboard button text is empty")
    kinds = [name for name in button if name not in ("text", "icon_custom_emoji_id", "style")]
    if len(kinds) != 1:
        raise bad_request("text buttons are unallowed in the inline keyboard")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= CALLBACK_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button and not re.match(r"(https?|tg)://\S+", button["url"]):
        raise bad_request("BUTTON_URL_INVALID")


def entities_json(entities: tuple[Entity, ...]) -> list[dict[str, Any]]:
    """A list of MessageEntity."""
    return [entity.json() for entity in entities]
