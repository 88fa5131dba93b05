"""Chats and topics as the bot's places."""

from __future__ import annotations

from typing import Final, NamedTuple

from bot.conversation import Place

PLATFORM: Final = "telegram"


class Where(NamedTuple):
    """A chat, or a topic of it."""

    chat: int
    topic: int | None = None

    @property
    def private(self) -> bool:
        """Whether somebody is alone with the bot; ids of groups are negative."""
        return self.chat > 0

    @property
    def place(self) -> Place:
        """What the bot calls it."""
        if self.topic is None:
            return Place(PLATFORM, str(self.chat))
        return Place(PLATFORM, f"{self.chat}:{self.topic}", channel=str(self.chat))


def where(place: Place) -> Where:
    """What Telegram calls a place."""
    chat, _, topic = place.id.partition(":")
    return Where(int(chat), int(topic) if topic else None)
