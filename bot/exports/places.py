"""Which chat of an export is the place that its messages are to belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bot.exports.errors import WrongChat
from bot.exports.exported import Chat, Reader


class Choice(NamedTuple):
    """A chat of an export as one of the bot's places.

    Attributes:
        place: to which its messages belong: of a thread, the channel.
        elsewhere: whether it has another name in the export: then nobody's consent of the place holds for it.
        thread: the key of where its messages were said, if that is not the place itself.
    """

    chat: Chat
    place: str
    elsewhere: bool = False
    thread: str | None = None


def chosen(reader: Reader, chats: Sequence[Chat], place: str, vouched: bool) -> Choice:
    """The chat of a place, or of a thread of it.

    Args:
        vouched: whether the operator says by a list who has consented; then an export of one chat may be of a place
            that has changed its name.

    Raises:
        WrongChat: it is not there.
    """
    platform, _, id_ = place.partition(":")
    if platform == reader.platform:
        for chat in sorted(chats, key=lambda chat: chat.id != id_):  # first the one that has no other name here
            if chat.thread is not None and chat.has(id_):
                return Choice(chat, f"{platform}:{chat.id}", thread=f"{platform}:{chat.thread}")
            if chat.has(id_):
                return Choice(chat, place)
        if len(chats) == 1 and chats[0].id is None:
            return Choice(chats[0], place)
        if len(chats) == 1 and vouched:
            there = chats[0].thread or chats[0].id
            return Choice(chats[0], place, elsewhere=True, thread=f"{platform}:{there}")
    named = tuple(f"{reader.platform}:{chat.id or '?'}" for chat in chats)
    raise WrongChat(reader.name, place, named, vouch=platform == reader.platform and len(chats) == 1)


def only(reader: Reader, chats: Sequence[Chat]) -> str | None:
    """The place that an export is of, if it says so and has no other."""
    ids = {chat.id for chat in chats}
    if len(ids) != 1 or None in ids:
        return None
    return f"{reader.platform}:{ids.pop()}"
