"""Methods that send, change and delete messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.entities import Formatted, pinged
from tests.fakes.telegram.files import File, Upload
from tests.fakes.telegram.limits import (
    CALLBACK_ANSWER,
    CHAT_ACTIONS,
    PHOTO,
    UPLOAD,
    caption_of,
    keyboard_of,
    text_of,
)
from tests.fakes.telegram.messages import Message
from tests.fakes.telegram.methods.asking import Method, Parameters, chat_of, check_leads, check_writable, message_of
from tests.fakes.telegram.refusal import Refused, bad_request

if TYPE_CHECKING:
    from tests.fakes.telegram.server import TelegramServer

DELETABLE_SECONDS: Final = 48 * 3600  # deleteMessage
OFTEN_PICTURES: Final = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")  # first bytes of what sendPhoto can read


def send_message(telegram: TelegramServer, parameters: Parameters) -> dict[str, Any]:
    """Sends a text."""
    chat = chat_of(telegram, parameters)
    return _sent(chat, "sendMessage", parameters, text_of(parameters))


def send_document(telegram: TelegramServer, parameters: Parameters) -> dict[str, Any]:
    """Sends a file."""
    chat = chat_of(telegram, parameters)
    file = _file(telegram, parameters["document"], "documents", UPLOAD)
    return _sent(chat, "sendDocument", parameters, caption_of(parameters), document=file)


def send_photo(telegram: TelegramServer, parameters: Parameters) -> dict[str, Any]:
    """Sends a picture."""
    chat = chat_of(telegram, parameters)
    file = _file(telegram, parameters["photo"], "photos", PHOTO)
    if not file.data.startswith(OFTEN_PICTURES):
        raise bad_request("IMAGE_PROCESS_FAILED")
    return _sent(chat, "sendPhoto", parameters, caption_of(parameters), photo=file)


def send_chat_action(telegram: TelegramServer, parameters: Parameters) -> bool:
    """Shows that the bot is busy."""
    chat = chat_of(telegram, parameters)
    topic = check_writable(chat, parameters)
    if parameters["action"] not in CHAT_ACTIONS:
        raise bad_request("wrong parameter action in request")
    telegram.actions.append((chat.id, topic, parameters["action"]))
    return True


def edit_text(telegram: TelegramServer, parameters: Parameters) -> dict[str, Any]:
    """Changes a text; its keyboard goes unless it comes again."""
    message = _editable(telegram, parameters)
    if message.file is not None:
        raise bad_request("there is no text in the message to edit")
    return _edited(message, "editMessageText", parameters, text_of(parameters))


def edit_caption(telegram: TelegramServer, parameters: Parameters) -> dict[str, Any]:
    """Changes the caption of a document or picture."""
    message = _editable(telegram, parameters)
    if message.file is None:
        raise bad_request("there is no caption in the message to edit")
    return _edited(message, "editMessageCaption", parameters, caption_of(parameters))


def edit_keyboard(telegram: TelegramServer, parameters: Parameters) -> dict[str, Any]:
    """Changes or removes a keyboard."""
    message = _editable(telegram, parameters)
    return _edited(message, "editMessageReplyMarkup", parameters, message.formatted)


def delete_message(telegram: TelegramServer, parameters: Parameters) -> bool:
    """Deletes the bot's own message, or another's where it is an administrator."""
    chat = chat_of(telegram, parameters)
    message = message_of(chat, parameters, "delete")
    if message.sender is not telegram.bot and chat.kind != "private":
        check_leads(chat, "delete a message")
    if telegram.clock() - message.date > DELETABLE_SECONDS and not chat.standing(telegram.bot).leads:
        raise bad_request("message can't be deleted for everyone")
    message.deleted = True
    chat.changed()
    return True


def answer_callback_query(telegram: TelegramServer, parameters: Parameters) -> bool:
    """Answers a press, once and soon."""
    text = parameters.get("text", "")
    if len(text) > CALLBACK_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    alert, url = parameters.get("show_alert", False), parameters.get("url")
    if not telegram.queries.answer(parameters["callback_query_id"], text, alert, url):
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    return True


def _sent(chat: Chat, method: str, parameters: Parameters, formatted: Formatted, **carried: File) -> dict[str, Any]:
    topic = check_writable(chat, parameters)
    markup = keyboard_of(parameters)
    reply_to = _reply_to(chat, parameters)
    _note_pings(chat, method, parameters, formatted)
    message = chat.add(
        chat.telegram.bot,
        formatted,
        reply_markup=markup,
        topic=topic if topic is not None else chat.thread_of(reply_to),
        reply_to=reply_to,
        **carried,
    )
    return message.json()


def _reply_to(chat: Chat, parameters: Parameters) -> Message | None:
    reply = parameters.get("reply_parameters")
    if reply is None:
        return None
    if reply.get("chat_id", chat.id) != chat.id:
        raise bad_request("this server knows no replies to other chats")
    message = chat.stored.get(reply["message_id"])
    if message is not None and not message.deleted:
        return message
    if not reply.get("allow_sending_without_reply", False):
        raise bad_request("message to be replied not found")
    return None


def _editable(telegram: TelegramServer, parameters: Parameters) -> Message:
    if "chat_id" not in parameters or "message_id" not in parameters:
        raise bad_request("message identifier is not specified")
    message = message_of(chat_of(telegram, parameters), parameters, "edit")
    if message.sender is not telegram.bot or message.service:
        raise bad_request("message can't be edited")
    return message


def _edited(message: Message, method: str, parameters: Parameters, formatted: Formatted) -> dict[str, Any]:
    markup = keyboard_of(parameters)
    if formatted == message.formatted and markup == message.reply_markup:
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same as a current"
            " content and reply markup of the message"
        )
    _note_pings(message.chat, method, parameters, formatted)
    message.change(formatted, markup, message.chat.telegram.clock())
    message.chat.changed()
    return message.json()


def _note_pings(chat: Chat, method: str, parameters: Parameters, formatted: Formatted) -> None:
    """Notes whom a text would notify; Telegram takes such a text."""
    if not any(entity.type in ("mention", "text_mention", "text_link") for entity in formatted.entities):
        return
    people = [chat.telegram.users[number] for number, standing in chat.members.items() if standing.inside]
    for who in pinged(formatted, [person.username for person in people if person is not chat.telegram.bot]):
        chat.telegram.fault(method, 200, f"pings {who}", parameters)


def _file(telegram: TelegramServer, given: Upload | str, folder: str, most: int) -> File:
    if isinstance(given, str):
        if given not in telegram.files:
            raise bad_request("wrong remote file identifier specified: this server fetches no addresses")
        return telegram.files[given]
    if not given.data:
        raise bad_request("file must be non-empty")
    if len(given.data) > most:
        raise Refused(413, "Request Entity Too Large")
    return telegram.keep(given, folder)


METHODS: Final[dict[str, Method]] = {
    "sendMessage": send_message,
    "sendDocument": send_document,
    "sendPhoto": send_photo,
    "sendChatAction": send_chat_action,
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageReplyMarkup": edit_keyboard,
    "deleteMessage": delete_message,
    "answerCallbackQuery": answer_callback_query,
}
