"""An export goes through the gate into the ledger of a place."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.consent.ledger import IMPORT, ledger_of
from bot.exports.errors import UnknownExport
from bot.exports.exported import Chat, Exported, Reader
from bot.exports.rights import Brought, Recorded, record, take_back
from bot.exports.sifting import LeftOut, Sifting
from storage import audit, names, posts
from storage.database import Database
from storage.vault import Vault

BATCH: Final = 5000  # messages in one transaction: a tenth of a second, and others write in between


class Span(NamedTuple):
    """Ids of what one transaction has added: after the first, to the last."""

    after: int
    last: int


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
            taken back, and nothing that others have stored meanwhile.
    """
    added: list[Span] = []
    recorded = await database.write(lambda conn: record(conn, vault, brought))
    taken = Taken()
    try:
        with _without_collector():
            await _take_all(database, vault, reader, chat, brought, taken, added, told)
    except BaseException:
        await database.write(lambda conn: _undo(conn, brought, recorded, added))
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
    added: list[Span],
    told: Callable[[], None],
) -> None:
    sifting = Sifting(brought, taken.left_out)

    async def keep(conn: AsyncConnection, batch: Sequence[Exported | None]) -> Span:
        """Asks the ledger as it is in this very transaction: somebody may have withdrawn meanwhile."""
        sifting.know(await ledger_of(conn, brought.place, brought.setting, brought.now))
        allowed = [post for message in batch if (post := sifting.post(message)) is not None]
        before = await posts.newest(conn)
        new = await posts.add(conn, vault, allowed)
        taken.taken += new
        taken.already += len(allowed) - new
        return Span(before, await posts.newest(conn))

    async def end(conn: AsyncConnection) -> None:
        for person, called in sifting.names.items():
            await names.know(conn, vault, brought.place, person, list(called))
        facts = {"taken": taken.taken, "already": taken.already, "left_out": dict(taken.left_out)}
        await audit.record(conn, brought.place, brought.operator, "log import", facts, brought.now)

    messages = reader.messages(chat)
    while batch := list(islice(messages, BATCH)):
        await _to_its_end(database.write(partial(keep, batch=batch)), added)
        told()
    if taken.all and taken.left_out[LeftOut.UNREADABLE] == taken.all:
        raise UnknownExport(reader.name, "its messages look otherwise than those of any version known here")
    await database.write(end)


async def _to_its_end(storing: Coroutine[None, None, Span], added: list[Span]) -> None:
    """Notes what was added, also where somebody ends the import just then."""
    task = asyncio.ensure_future(storing)
    try:
        await asyncio.shield(task)
    finally:
        await asyncio.wait({task})
        if task.exception() is None:
            added.append(task.result())


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


async def _undo(conn: AsyncConnection, brought: Brought, recorded: Recorded, added: Sequence[Span]) -> None:
    for after, last in added:
        await posts.delete_between(conn, brought.place, IMPORT, after, last)
    await take_back(conn, recorded)
