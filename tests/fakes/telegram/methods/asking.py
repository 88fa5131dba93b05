"""What the methods share: whom and what a call is about, and whether the bot may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tests.fakes.telegram.chats import Chat
from tests.fakes.telegram.membership import Standing
from tests.fakes.telegram.messages import Message
from tests.fakes.telegram.refusal import Refused, bad_request, forbidden

if TYPE_CHECKING:
    from tests.fakes.telegram.server import TelegramServer

Parameters = dict[str, Any]
Method = Callable[["TelegramServer", Parameters], Any | Awaitable[Any]]


def chat_of(telegram: TelegramServer, parameters: Parameters, *, gone: bool = False) -> Chat:
    """The chat that a call is about, which the bot is in unless `gone` is allowed."""
    wanted = parameters["chat_id"]
    if isinstance(wanted, str) and wanted.lstrip("-").isdigit():
        wanted = int(wanted)
    chat = telegram.chats.get(wanted)
    if chat is None or chat.gone:
        if wanted in telegram.users:
            raise forbidden("bot can't initiate conversation with a user")
        raise bad_request("chat not found")
    if not gone:
        _check_inside(chat)
    return chat


def message_of(chat: Chat, parameters: Parameters, doing: str) -> Message:
    """The message that a call is about."""
    message = chat.stored.get(parameters["message_id"])
    if message is None or message.deleted:
        raise bad_request(f"message to {doing} not found")
    return message


def check_writable(chat: Chat, parameters: Parameters) -> int | None:
    """The topic of a call, if the bot may write there."""
    bot = chat.standing(chat.telegram.bot)
    if bot is Standing.RESTRICTED:
        raise bad_request("not enough rights to send text messages to the chat")
    topic: int | None = parameters.get("message_thread_id")
    if topic is None:
        return None
    if topic not in chat.topics:
        raise bad_request("message thread not found")
    if topic in chat.closed and not bot.leads:
        raise bad_request("TOPIC_CLOSED")
    return topic


def check_leads(chat: Chat, doing: str) -> None:
    """Refuses what only an administrator may do."""
    if not chat.standing(chat.telegram.bot).leads:
        raise bad_request(f"not enough rights to {doing}")


def _check_inside(chat: Chat) -> None:
    if chat.migrated_to is not None:
        raise Refused(400, "group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to.id)
    standing = chat.standing(chat.telegram.bot)
    if standing.inside:
        return
    if chat.kind == "private":
        raise forbidden("bot was blocked by the user")
    if standing is Standing.BANNED:
        raise forbidden(f"bot was kicked from the {chat.kind} chat")
    raise forbidden(f"bot is not a member of the {chat.kind} chat")
