"""What came in from outside: carried out once, though the process may end at any point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation import Message, Place
from bot.outbox import Outbox
from generators.errors import Translate, UserError, english
from storage import inbox
from storage.database import Database

LATE: Final = timedelta(minutes=10)  # before the start; who asked longer ago has asked again, or wants it no more


@dataclass(eq=False)
class TooLate(UserError):
    """Something that came in long before the bot started again."""

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The bot was stopped before it could do this, and did not do it now, so long afterwards; "
            "ask again if you still want it."
        )


@dataclass(frozen=True, slots=True)
class Begun:
    """How far the text that an item asked for has come.

    Attributes:
        posted: the message that shows it.
        seed: what it is drawn with.
        whole: what the message says in the end; None while the text is being written.
    """

    posted: str
    seed: int
    whole: str | None = None

    async def note(self, connection: AsyncConnection, item: int) -> None:
        """Keeps it with the item, in the transaction of the text itself."""
        await inbox.note(connection, item, asdict(self))


class Intake:
    """Tells what is still to be carried out, and finishes what is only to be shown.

    Args:
        database: holds the inbox.
        outboxes: what is said on each platform, by its name.
        started: when the bot was.
    """

    def __init__(self, database: Database, outboxes: Mapping[str, Outbox], started: datetime) -> None:
        self._database = database
        self._outboxes = outboxes
        self._started = started

    async def is_to_do(self, item: int | None, place: Place) -> bool:
        """Whether something is still to be carried out; a text that is written already is shown whole instead.

        Args:
            item: an inbox item; None for what is in no inbox.

        Raises:
            TooLate: it came in too long before the bot was started.
        """
        found = None if item is None else await self._database.read(partial(inbox.get, item=item))
        if found is None:
            return True
        if not found.open:
            return False
        begun = _begun(found)
        if begun is not None and begun.whole is not None:
            await self._outboxes[place.platform].edit(place, begun.posted, Message(begun.whole))
            return False
        if found.at < self._started - LATE:
            raise TooLate
        return True

    async def begun(self, item: int | None) -> Begun | None:
        """How far an item's text had come when the process ended."""
        found = None if item is None else await self._database.read(partial(inbox.get, item=item))
        return None if found is None else _begun(found)


def _begun(item: inbox.InboxItem) -> Begun | None:
    return Begun(**item.note) if item.note else None
