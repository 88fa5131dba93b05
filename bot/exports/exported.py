"""What all exports come to: chats, and messages of one shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol


class Exported(NamedTuple):
    """A message of an export.

    Attributes:
        message: its id on the platform, or one made of author, time and text where the export has none.
        person: the platform's id of who wrote it; empty where the export names nobody who could be asked.
        name: what they are called there.
        at: when it was written, aware; the earliest that it can mean where the export names no time zone.
        text: without formatting; empty for a message of pictures only.
        reply_to: the message that it answers.
        is_bot: whether a program wrote it.
        is_service: whether it tells of something («Ada joined») instead of saying it.
        edited: when it was last changed.
        is_forwarded: whether somebody else said it elsewhere.
    """

    message: str
    person: str
    name: str
    at: datetime
    text: str
    reply_to: str | None = None
    is_bot: bool = False
    is_service: bool = False
    edited: datetime | None = None
    is_forwarded: bool = False


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat of an export.

    Attributes:
        id: as the platform calls the place; None where the export does not say.
        name: as people call it.
        guild: the platform's id of the server that it belongs to.
        also: other ids that the same place can have.
        thread: the id of the thread of the place in which all was said, where it was one.
    """

    id: str | None
    name: str = ""
    guild: str | None = None
    also: frozenset[str] = field(default_factory=frozenset)
    thread: str | None = None

    def has(self, place: str) -> bool:
        """Whether it is the place of that id."""
        return place == self.id or place in self.also


class Reader(Protocol):
    """An export that is open; `name` is its file, and `platform` is where it is from.

    Attributes:
        numbered: whether its messages have the platform's ids, by which they can be found again.
    """

    platform: str
    name: str
    numbered: bool

    def chats(self) -> Sequence[Chat]:
        """Reads the export to its end and says which chats it has.

        Raises:
            UserError: it is damaged, so that nothing of it should be taken.
        """
        ...

    def messages(self, chat: Chat | None = None) -> Iterator[Exported | None]:
        """The messages of one of its chats, or of all, as they stand there; None for one that cannot be read.

        Raises:
            UserError: it is damaged.
        """
        ...
