"""What is allowed in one place at one moment: read from the ledger in one transaction, asked for each post."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.consent.gate import Rights, Said, Source, Verdict, verdict
from bot.consent.wording import Covers, Wording
from storage import consents, logs
from storage.consents import Consent
from storage.logs import Log
from storage.posts import Post

IMPORT: Final = "import"  # the source of posts that an export brought; the gate takes them for the log that they are
EVER: Final = datetime.min.replace(tzinfo=UTC)  # an export's messages are older than the log


@dataclass(frozen=True, slots=True)
class Ledger:
    """The rights of people in one place.

    Attributes:
        place: the channel, by `root`.
        permission: Discord's, by the operator's settings.
        log: the place's.
        consents: all rows of those people there, withdrawn ones too, by person.
        now: when it was read.
    """

    place: str
    permission: str | None
    log: Log | None
    consents: Mapping[str, tuple[Consent, ...]]
    now: datetime

    def rights(self, source: str, person: str) -> Rights:
        """What the gate has to know about posts of a source (`channel_log`, `submission`, `import`) and a person."""
        said = _source(source)
        consent = unbroken(self.consents.get(person, ()), Covers(said))
        if source != IMPORT:
            return Rights(self.permission, self.log, consent, self.now)
        brought = None if self.log is None else self.log.permission
        return Rights(self.permission or brought, _of_import(self.log), consent, self.now)

    def verdict(self, post: Post) -> Verdict:
        """Whether a post may be kept, or used."""
        said = Said(self.place.partition(":")[0], _source(post.source), post.person, post.place, post.at, post.edited)
        return verdict(said, self.rights(post.source, post.person))


def unbroken(rows: Iterable[Consent], covers: Covers) -> Consent | None:
    """The open consent, as old as the agreement to this source is without a gap.

    Who agrees to more closes one consent and opens the next in the same moment; what was given under the first stays
    allowed.
    """
    known = sorted(rows, key=lambda row: row.granted, reverse=True)
    current = next((row for row in known if row.withdrawn is None), None)
    if current is None:
        return None
    since = current.granted
    for row in known:
        told = Wording.of(row.wording)
        if row.withdrawn == since and row.granted < since and told is not None and told.covers(covers):
            since = row.granted
    return replace(current, granted=since)


async def ledger_of(
    conn: AsyncConnection, place: str, permission: str | None, now: datetime, person: str | None = None
) -> Ledger:
    """The ledger of a place: for everybody there, or for one person alone, which reads less."""
    rows: dict[str, tuple[Consent, ...]] = {}
    for row in await consents.history(conn, place, person):
        rows[row.person] = (*rows.get(row.person, ()), row)
    return Ledger(place, permission, await logs.get(conn, place), rows, now)


def _source(source: str) -> Source:
    return Source.CHANNEL_LOG if source == IMPORT else Source(source)


def _of_import(log: Log | None) -> Log | None:
    """An export's log: on where an admin or a recorded right says so, and older than all that is in it."""
    return None if log is None else replace(log, on=log.on or log.permission is not None, since=EVER)
