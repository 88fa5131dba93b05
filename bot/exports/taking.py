"""An export goes through the gate into the ledger of a place."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.consent.ledger import IMPORT, ledger_of
from bot.exports.errors import UnknownExport
from bot.exports.exported import Chat, Exported, Reader
from bot.exports.rights import Brought, Recorded, record, take_back
from bot.exports.sifting import LeftOut, Sifting
from storage import audit, posts
from storage.database import Database
from storage.vault import Vault

BATCH: Final = 5000  # messages in one transaction: a tenth of a second, and others write in between


@dataclass(slots=True)
class Taken:
    """What became of an export's messages: how many are new, were there already, or were left out, by reason."""

    taken: int = 0
    already: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def all(self) -> int:
        """How many messages there were."""
        return self.taken + self.already + self.left_out.total()


async def take(
    database: Database,
    vault: Vault,
    reader: Reader,
    chat: Chat | None,
    brought: Brought,
    told: Callable[[], None] = lambda: None,
) -> Taken:
    """Takes what the gate allows of a chat that was read to its end before (`Reader.chats`); all of it, or nothing.

    Args:
        told: is called after each batch.

    Raises:
        NoRight: nothing says that the place's messages may be learnt from.
        UserError, StorageError: the export cannot be read, or its messages cannot be stored; what was stored of it is
            taken back.
    """
    before = await database.read(posts.newest)
    recorded = await database.write(lambda conn: record(conn, brought))
    taken = Taken()
    try:
        with _without_collector():
            await _take_all(database, vault, reader, chat, brought, taken, told)
    except BaseException:
        await database.write(lambda conn: _undo(conn, brought, recorded, before))
        await database.purge()
        raise
    return taken


async def _take_all(
    database: Database,
    vault: Vault,
    reader: Reader,
    chat: Chat | None,
    brought: Brought,
    taken: Taken,
    told: Callable[[], None],
) -> None:
    sifting = Sifting(brought, taken.left_out)

    async def keep(conn: AsyncConnection, batch: Sequence[Exported | None]) -> None:
        """Asks the ledger as it is in this very transaction: somebody may have withdrawn meanwhile."""
        sifting.know(await ledger_of(conn, brought.place, brought.setting, brought.now))
        allowed = [post for message in batch if (post := sifting.post(message)) is not None]
        new = await posts.add(conn, vault, allowed)
        taken.taken += new
        taken.already += len(allowed) - new

    messages = reader.messages(chat)
    while batch := list(islice(messages, BATCH)):
        await database.write(lambda conn, batch=batch: keep(conn, batch))  # type: ignore[misc]
        told()
    if taken.all and taken.left_out[LeftOut.UNREADABLE] == taken.all:
        raise UnknownExport(reader.name, "its messages look otherwise than those of any version known here")
    facts = {"taken": taken.taken, "already": taken.already, "left_out": dict(taken.left_out)}
    await database.write(
        lambda conn: audit.record(conn, brought.place, brought.operator, "log import", facts, brought.now)
    )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Leaves cycles alone: a message is none, and looking for some among millions takes a sixth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


async def _undo(conn: AsyncConnection, brought: Brought, recorded: Recorded, before: int) -> None:
    await posts.delete_newer(conn, brought.place, IMPORT, before)
    await take_back(conn, recorded)
