"""Methods about chats and who is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.fakes.telegram.limits import TOPIC_NAME
from tests.fakes.telegram.membership import Standing, chat_member
from tests.fakes.telegram.methods.asking import Method, Parameters, chat_of, check_leads
from tests.fakes.telegram.refusal import bad_request

if TYPE_CHECKING:
    from tests.fakes.telegram.server import TelegramServer

GIFTS: Final = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")


def get_chat(telegram: TelegramServer, parameters: Parameters) -> dict[str, Any]:
    """A ChatFullInfo."""
    chat = chat_of(telegram, parameters)
    return {
        **chat.json(),
        "accent_color_id": 3,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(GIFTS, False),
    }


def get_chat_member(telegram: TelegramServer, parameters: Parameters) -> dict[str, Any]:
    """A ChatMember."""
    chat = chat_of(telegram, parameters)
    user = telegram.users.get(parameters["user_id"])
    if user is None:
        raise bad_request("invalid user_id specified")
    if user.id not in chat.members:
        raise bad_request("member not found")
    return chat_member(user.json(), chat.standing(user))


def get_chat_administrators(telegram: TelegramServer, parameters: Parameters) -> list[dict[str, Any]]:
    """The administrators of a group, without other bots."""
    chat = chat_of(telegram, parameters)
    if chat.kind == "private":
        raise bad_request("there are no administrators in the private chat")
    users = ((telegram.users[number], standing) for number, standing in chat.members.items() if standing.leads)
    return [chat_member(user.json(), standing) for user, standing in users if not user.is_bot or user is telegram.bot]


def get_chat_member_count(telegram: TelegramServer, parameters: Parameters) -> int:
    """How many are in a chat."""
    return sum(standing.inside for standing in chat_of(telegram, parameters).members.values())


def leave_chat(telegram: TelegramServer, parameters: Parameters) -> bool:
    """Takes the bot out of a group."""
    chat = chat_of(telegram, parameters)
    if chat.kind == "private":
        raise bad_request("chat member status can't be changed in private chats")
    chat.stand(telegram.bot, Standing.LEFT, telegram.bot)
    return True


def create_forum_topic(telegram: TelegramServer, parameters: Parameters) -> dict[str, Any]:
    """Makes a topic."""
    chat = chat_of(telegram, parameters)
    if not chat.forum:
        raise bad_request("the chat is not a forum")
    check_leads(chat, "create a topic")
    if not 1 <= len(parameters["name"]) <= TOPIC_NAME:
        raise bad_request("TOPIC_TITLE_EMPTY" if not parameters["name"] else "topic name is too long")
    topic = chat.open_topic(parameters["name"], telegram.bot)
    return {"message_thread_id": topic.id, "name": topic.name, "icon_color": 0x6FB9F0}


METHODS: Final[dict[str, Method]] = {
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_chat_administrators,
    "getChatMemberCount": get_chat_member_count,
    "leaveChat": leave_chat,
    "createForumTopic": create_forum_topic,
}
