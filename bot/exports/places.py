"""Which chat of an export is the place that its messages are to belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bot.exports.errors import WrongChat
from bot.exports.exported import Chat, Reader


class Choice(NamedTuple):
    """A chat, and whether the place has another name there: then nobody's consent of the place holds for it."""

    chat: Chat
    elsewhere: bool


def chosen(reader: Reader, chats: Sequence[Chat], place: str, vouched: bool) -> Choice:
    """The chat of a place.

    Args:
        vouched: whether the operator says by a list who has consented; then an export of one chat may be of a place
            that has changed its name.

    Raises:
        WrongChat: it is not there.
    """
    platform, _, id_ = place.partition(":")
    if platform == reader.platform:
        for chat in chats:
            if chat.has(id_):
                return Choice(chat, elsewhere=False)
        if len(chats) == 1 and (chats[0].id is None or vouched):
            return Choice(chats[0], elsewhere=chats[0].id is not None)
    raise WrongChat(reader.name, place, tuple(f"{reader.platform}:{chat.id or '?'}" for chat in chats))


def only(reader: Reader, chats: Sequence[Chat]) -> str | None:
    """The place that an export is of, if it says so and has no other."""
    ids = {chat.id for chat in chats}
    if len(ids) != 1 or None in ids:
        return None
    return f"{reader.platform}:{ids.pop()}"
