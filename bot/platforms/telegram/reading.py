"""What an update means to the bot, as the inbox keeps it until that is carried out."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from telegram import CallbackQuery, ChatMemberUpdated, Message, MessageEntity, Update, User
from telegram.constants import ChatMemberStatus, ChatType

from bot.platforms.telegram.keyboard import buttons_of
from bot.platforms.telegram.where import Where

ALLOWED: Final = ("message", "callback_query", "my_chat_member")  # kinds of updates that we ask for
WITH_EDITS: Final = (*ALLOWED, "edited_message")  # where what people say is kept
COMMAND: Final = re.compile(r"/([A-Za-z][A-Za-z0-9_]*)(?:@(\w+))?(?=\s|$)")
UNSTORABLE: Final = {0: "\ufffd", **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}  # in JSON, and in PostgreSQL
KEPT_BY_TELEGRAM: Final = timedelta(hours=24)  # Bot API 10.1, «Getting updates»


@dataclass(frozen=True, slots=True)
class Somebody:
    """Who did something.

    Attributes:
        id: a user's; a group's for an administrator that hides behind it.
        language: as their app says it; empty where it does not.
    """

    id: int
    name: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Something written that the bot has to look at.

    Attributes:
        meaning: a command, an answer to a message of ours, or talk: a mention, or anything in a private chat.
        message: its id.
        text: without our name where it was mentioned.
        answered: the message of ours that it answers.
        buttons: label and action of each of that one's buttons.
        file: Telegram's id, the name and the size in bytes of the document that it is the caption of.
    """

    chat: int
    topic: int | None
    by: Somebody
    meaning: Literal["command", "reply", "talk"]
    message: int
    text: str
    answered: int | None = None
    buttons: tuple[tuple[str, str], ...] = ()
    file: tuple[str, str, int] | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """A press on a button; `query` is what is to be answered."""

    chat: int
    topic: int | None
    by: Somebody
    query: str
    action: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A group has become a supergroup."""

    chat: int
    new: int


@dataclass(frozen=True, slots=True)
class Gone:
    """The bot is in a chat no more.

    Attributes:
        banned: whether it was sent away, or blocked. Else it left, as it also does where a group becomes a supergroup.
    """

    chat: int
    banned: bool


Heard: TypeAlias = Line | Press | Moved | Gone
KINDS: Final[dict[str, type[Heard]]] = {kind.__name__: kind for kind in (Line, Press, Moved, Gone)}


def payload(heard: Heard) -> dict[str, Any]:
    """For the inbox."""
    return {"kind": type(heard).__name__, **asdict(heard)}


def from_payload(kept: dict[str, Any]) -> Heard:
    """What the inbox kept.

    Raises:
        KeyError, TypeError: another version kept it otherwise.
    """
    facts = dict(kept)
    kind = KINDS[facts.pop("kind")]
    if "by" in facts:
        facts["by"] = Somebody(**facts["by"])
    if "buttons" in facts:
        facts["buttons"] = tuple((label, action) for label, action in facts["buttons"])
    if facts.get("file") is not None:
        facts["file"] = tuple(facts["file"])
    return kind(**facts)


def read(update: Update, me: User) -> Heard | None:
    """What an update means; None for what is none of the bot's business, which is never stored."""
    if update.message is not None:
        return _message(update.message, me)
    if update.callback_query is not None:
        return _press(update.callback_query)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    return None


def sent_at(update: Update, now: datetime) -> datetime:
    """When it happened; now where that cannot be, because Telegram keeps nothing for so long."""
    at = None if update.message is None else update.message.date
    return at.astimezone(UTC) if at is not None and now - KEPT_BY_TELEGRAM < at <= now else now


def where(heard: Heard) -> Where:
    """Where it happened."""
    return Where(heard.chat, heard.topic if isinstance(heard, Line | Press) else None)


def _message(message: Message, me: User) -> Heard | None:
    if message.migrate_to_chat_id is not None:
        return Moved(message.chat.id, message.migrate_to_chat_id)
    if message.migrate_from_chat_id is not None:
        return Moved(message.migrate_from_chat_id, message.chat.id)
    by = author_of(message)
    text = (message.text or message.caption or "").translate(UNSTORABLE)
    if by is None or not text:
        return None
    return _line(message, by, text, me)


def author_of(message: Message) -> Somebody | None:
    """Who wrote it; None for bots, channels and what another bot wrote for somebody."""
    chat, user = message.chat, message.from_user
    if chat.type == ChatType.CHANNEL or message.is_automatic_forward or message.via_bot is not None:
        return None
    if message.sender_chat is not None:  # an administrator that hides their name, or a channel
        name = message.author_signature or chat.title or str(chat.id)
        return Somebody(chat.id, name) if message.sender_chat.id == chat.id else None
    return None if user is None or user.is_bot else _somebody(user)


def _somebody(user: User) -> Somebody:
    return Somebody(user.id, user.full_name.translate(UNSTORABLE), user.language_code or "")


def _line(message: Message, by: Somebody, text: str, me: User) -> Line | None:
    topic = topic_of(message)
    chat, number = message.chat.id, message.message_id
    command = COMMAND.match(text)
    if command is not None:
        if command[2] and command[2].casefold() != (me.username or "").casefold():
            return None  # another bot's
        return Line(chat, topic, by, "command", number, _command(command, text), file=_file(message))
    private = message.chat.type == ChatType.PRIVATE
    if private and text.startswith("/"):
        return Line(chat, topic, by, "command", number, text)
    words, mentioned = _without_mentions(message, text, me)
    answered = message.reply_to_message
    if answered is not None and _is_ours(answered, me):
        buttons = tuple((button.label, button.action) for button in buttons_of(answered.reply_markup))
        return Line(chat, topic, by, "reply", number, words, answered.message_id, buttons)
    return Line(chat, topic, by, "talk", number, words) if private or mentioned else None


def _file(message: Message) -> tuple[str, str, int] | None:
    document = message.document
    if document is None:
        return None
    return document.file_id, (document.file_name or "").translate(UNSTORABLE), document.file_size or 0


def _command(command: re.Match[str], text: str) -> str:
    """The line without our name; what Telegram hands over with the first press on «Start» is nothing to read."""
    if command[1].casefold() == "start":
        return "/start"
    return f"/{command[1]}{text[command.end() :]}"


def topic_of(message: Message) -> int | None:
    """The forum's topic; None in General, and in threads of replies, which are no places of their own."""
    return message.message_thread_id if message.is_topic_message else None


def _is_ours(answered: Message, me: User) -> bool:
    """Whether somebody answered us; in a topic of ours everything answers the message that says it was made."""
    if answered.forum_topic_created is not None:
        return False
    return answered.from_user is not None and answered.from_user.id == me.id


def _without_mentions(message: Message, text: str, me: User) -> tuple[str, bool]:
    """The text without our name and the space that set it apart; whether it was there."""
    encoded = text.encode("utf-16-le")
    mine = []
    for entity in message.entities or message.caption_entities:
        start, end = 2 * entity.offset, 2 * (entity.offset + entity.length)
        shown = encoded[start:end].decode("utf-16-le", "replace")
        by_name = entity.type == MessageEntity.MENTION and shown.casefold() == f"@{me.username}".casefold()
        by_id = entity.type == MessageEntity.TEXT_MENTION and entity.user is not None and entity.user.id == me.id
        if by_name or by_id:
            mine.append((start, end))
    for start, end in reversed(mine):
        before = encoded[:start].decode("utf-16-le", "replace")
        after = encoded[end:].decode("utf-16-le", "replace")
        if not before or before[-1].isspace():
            after = after.removeprefix(" ")
        encoded = (before + after if after else before.rstrip(" ")).encode("utf-16-le")
    return encoded.decode("utf-16-le", "replace"), bool(mine)


def _press(query: CallbackQuery) -> Press | None:
    message = query.message
    if message is None or query.data is None:
        return None
    topic = topic_of(message) if isinstance(message, Message) else None
    return Press(message.chat.id, topic, _somebody(query.from_user), query.id, query.data.translate(UNSTORABLE))


def _membership(change: ChatMemberUpdated) -> Gone | None:
    status = change.new_chat_member.status
    if status not in (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED):
        return None
    return Gone(change.chat.id, status == ChatMemberStatus.BANNED)
