"""The gate is asked about each message of an export, and what it refuses is counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from enum import StrEnum
from typing import Final

from bot.consent.gate import Rights, Said, Source, Verdict, verdict
from bot.consent.ledger import IMPORT, Ledger
from bot.exports.exported import Exported
from bot.exports.rights import Brought
from storage.posts import Post

TELEGRAM: Final = "telegram"
AHEAD: Final = timedelta(days=1)  # of our clock, for an exporter's own


class LeftOut(StrEnum):
    """Reasons of the export's own; the gate has more (`Verdict`)."""

    SERVICE = "service"
    EMPTY = "empty"
    FORWARDED = "forwarded"
    UNKNOWN_AUTHOR = "unknown_author"
    UNREADABLE = "unreadable"
    PAST_RETENTION = "past_retention"


class Sifting:
    """Turns messages into posts, or counts in `left_out` why not.

    Attributes:
        names: how those are called whose messages may be kept, by their keys.
    """

    def __init__(self, brought: Brought, left_out: Counter[str]) -> None:
        self._brought = brought
        self._platform = brought.place.partition(":")[0]
        self._oldest = brought.now - timedelta(days=brought.days)
        self._numbered_by = _numbered_by(brought)
        self._left_out = left_out
        self._ledger: Ledger | None = None
        self._rights: dict[str, Rights] = {}
        self.names: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def know(self, ledger: Ledger) -> None:
        """Takes note of the ledger as it is now."""
        if ledger != self._ledger:
            self._ledger = ledger
            self._rights.clear()

    def post(self, said: Exported | None) -> Post | None:
        """What may be kept of a message; None where nothing may."""
        refused = LeftOut.UNREADABLE if said is None else self._refusal(said)
        if said is None or refused is not None:
            self._left_out[str(refused)] += 1
            return None
        person = f"{self._platform}:{said.person}"
        if said.name:
            self.names[person][said.name] = None
        return Post(
            self._brought.place,
            self._brought.guild,
            IMPORT,
            person,
            self._numbered_by + said.message,
            said.at,
            said.text,
            said.reply_to and self._numbered_by + said.reply_to,
            said.edited,
            thread=self._brought.thread,
        )

    def _refusal(self, said: Exported) -> str | None:
        if said.is_service:
            return LeftOut.SERVICE
        if said.is_forwarded:
            return LeftOut.FORWARDED
        if not said.text or said.text.isspace():
            return LeftOut.EMPTY
        if said.at > self._brought.now + AHEAD:  # it would be kept for longer than anybody was told
            return LeftOut.UNREADABLE
        if not said.person and not said.is_bot:
            return LeftOut.UNKNOWN_AUTHOR
        person = f"{self._platform}:{said.person}"
        place = self._brought.place
        told = verdict(
            Said(self._platform, Source.CHANNEL_LOG, person, place, said.at, said.edited, said.is_bot),
            self._rights.get(person) or self._rights_of(person),
        )
        if told is not Verdict.ALLOWED:
            return told
        return LeftOut.PAST_RETENTION if said.at < self._oldest else None  # the next clearing would delete it

    def _rights_of(self, person: str) -> Rights:
        """A person's rights; of messages from elsewhere only those for whom the operator vouches have any."""
        assert self._ledger is not None
        rights = self._ledger.rights(IMPORT, person)
        if self._brought.elsewhere and person not in self._brought.consents:
            rights = Rights(rights.permission, rights.log, None, rights.now)
        self._rights[person] = rights
        return rights


def _numbered_by(brought: Brought) -> str:
    """What stands ahead of ids that are another chat's own: on Telegram each counts its messages from 1.

    A group that has become a supergroup has its messages moved along so (`storage.moving`), and they are known again.
    """
    if brought.elsewhere and brought.thread is not None and brought.place.startswith(f"{TELEGRAM}:"):
        return f"{brought.thread}/"
    return ""
