"""An export goes through the gate into the ledger of a place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.consent.gate import Rights, Said, Source, Verdict, verdict
from bot.consent.ledger import IMPORT, Ledger, ledger_of
from bot.consent.wording import ELSEWHERE, Wording
from bot.exports.errors import NoRight, UnknownExport
from bot.exports.exported import Chat, Exported, Reader
from storage import consents, logs, posts
from storage.consents import Consent
from storage.database import Database
from storage.logs import Log
from storage.posts import Post
from storage.vault import Vault

BATCH: Final = 2000  # messages in one transaction: others get to write many times a second
OPERATOR: Final = "operator"  # who turned a log on or off that nobody in the chat did


class LeftOut(StrEnum):
    """Reasons of the export's own; the gate has more (`Verdict`)."""

    SERVICE = "service"
    EMPTY = "empty"
    FORWARDED = "forwarded"
    UNKNOWN_AUTHOR = "unknown_author"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Brought:
    """What the operator says of an export.

    Attributes:
        place: whose messages these are.
        guild: the server that it belongs to.
        permission: the right that the operator holds.
        consents: who consented from when on, by key.
        setting: Discord's permission, by the settings.
        elsewhere: whether these messages were said at another place, so that only the consents above count.
        now: the moment of the import.
    """

    place: str
    guild: str | None
    permission: str | None
    consents: Mapping[str, datetime]
    setting: str | None
    elsewhere: bool
    now: datetime


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
    told: Callable[[Taken], None] = lambda _: None,
) -> Taken:
    """Takes what the gate allows of a chat that was read to its end before; all of it, or nothing.

    Args:
        told: hears how far it is, after each batch.

    Raises:
        NoRight: nothing says that the place's messages may be learnt from.
        UserError, StorageError: the export cannot be read, or its messages cannot be stored; what was stored of them
            is deleted again.
    """
    ledger = await database.read(lambda conn: _ledger(conn, brought))
    before = await database.read(posts.newest)
    sifted = Sifting(ledger, brought)
    messages = reader.messages(chat)
    taken = Taken(left_out=sifted.left_out)
    try:
        while batch := list(islice(messages, BATCH)):
            allowed = list(sifted.posts(batch))
            new = await database.write(lambda conn, given=allowed: posts.add(conn, vault, given))  # type: ignore[misc]
            taken.taken += new
            taken.already += len(allowed) - new
            told(taken)
        if taken.all and taken.left_out[LeftOut.UNREADABLE] == taken.all:
            raise UnknownExport(reader.name, "its messages look otherwise than those of any version known here")
        await database.write(lambda conn: _record(conn, brought, ledger))
    except BaseException:
        if taken.taken:
            await database.write(lambda conn: posts.delete_newer(conn, brought.place, IMPORT, before))
            await database.purge()
        raise
    return taken


class Sifting:
    """Asks the gate about each message, and counts what it refuses."""

    def __init__(self, ledger: Ledger, brought: Brought) -> None:
        self.left_out: Counter[str] = Counter()
        self._ledger = ledger
        self._brought = brought
        self._platform = brought.place.partition(":")[0]
        self._rights: dict[str, Rights] = {}

    def posts(self, messages: list[Exported | None]) -> Iterator[Post]:
        """Those that may be kept."""
        place, guild = self._brought.place, self._brought.guild
        for said in messages:
            if said is None:
                self.left_out[LeftOut.UNREADABLE] += 1
            elif (refused := self.refusal(said)) is not None:
                self.left_out[refused] += 1
            else:
                person = f"{self._platform}:{said.person}"
                yield Post(
                    place, guild, IMPORT, person, said.message, said.at, said.text, said.reply_to, said.edited
                )

    def refusal(self, said: Exported) -> str | None:
        """Why a message is left out, if it is."""
        if said.is_service:
            return LeftOut.SERVICE
        if said.is_forwarded:
            return LeftOut.FORWARDED
        if not said.text or said.text.isspace():
            return LeftOut.EMPTY
        if not said.person and not said.is_bot:
            return LeftOut.UNKNOWN_AUTHOR
        key = f"{self._platform}:{said.person}"
        rights = self._rights.get(key)
        if rights is None:
            rights = self._rights[key] = self._ledger.rights(IMPORT, key)
        told = verdict(
            Said(self._platform, Source.CHANNEL_LOG, key, self._brought.place, said.at, said.edited, said.is_bot), rights
        )
        return None if told is Verdict.ALLOWED else told


async def _ledger(conn: AsyncConnection, brought: Brought) -> Ledger:
    """The ledger as it will be once the operator's words are recorded.

    Raises:
        NoRight: it would allow nothing.
    """
    known = await ledger_of(conn, brought.place, brought.setting, brought.now)
    log = known.log
    if brought.permission is not None:
        log = _permitted(log, brought)
    if log is None or not (log.on or log.permission):
        if brought.setting is None or not brought.place.startswith("discord:"):
            raise NoRight(brought.place)
        log = _permitted(log, replace(brought, permission=brought.setting))
    if brought.place.startswith("discord:") and not (brought.setting or log.permission):
        raise NoRight(brought.place)
    agreed = {} if brought.elsewhere else dict(known.consents)
    for person, granted in brought.consents.items():
        rows = known.consents.get(person, ())
        if all(row.withdrawn is not None and row.withdrawn <= granted for row in rows):
            agreed[person] = (*rows, _consent(brought, person, granted))
        else:
            agreed[person] = rows
    return replace(known, log=log, consents=agreed)


async def _record(conn: AsyncConnection, brought: Brought, ledger: Ledger) -> None:
    """Records the operator's words."""
    if ledger.log is not None and ledger.log != await logs.get(conn, brought.place):
        await logs.turn(conn, ledger.log)
    for person, rows in ledger.consents.items():
        if person in brought.consents and rows[-1] == _consent(brought, person, brought.consents[person]):
            await consents.grant(conn, rows[-1])


def _permitted(log: Log | None, brought: Brought) -> Log:
    """The log with the operator's right; of a place that has none it stays off: only what is imported is taken."""
    if log is None:
        return Log(brought.place, brought.guild, False, brought.now, OPERATOR, brought.permission)
    return replace(log, permission=brought.permission)


def _consent(brought: Brought, person: str, granted: datetime) -> Consent:
    return Consent(person, brought.place, brought.guild, Wording(ELSEWHERE).number, granted)
