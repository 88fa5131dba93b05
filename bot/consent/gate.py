"""The gate: whether something that was said may be kept for training, and later read by one.

It is asked twice, when a message is stored and when a corpus is made of what is stored, and it is pure: what the ledger
says is handed in. Whatever is not plainly allowed is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.consent.wording import Covers, Wording
from bot.conversation import Place

if TYPE_CHECKING:
    from storage.consents import Consent
    from storage.logs import Log

DISCORD: Final = "discord"  # Developer Policy: no training on message content without Discord's own permission


class Source(StrEnum):
    """Where text for training comes from."""

    FILE = "file"
    SUBMISSION = "submission"
    CHANNEL_LOG = "channel_log"


class Verdict(StrEnum):
    """What the gate says; all but the first are reasons to leave something out."""

    ALLOWED = "allowed"
    NO_PERMISSION = "no_permission"
    LOG_OFF = "log_off"
    BEFORE_LOG = "before_log"
    NO_CONSENT = "no_consent"
    NOT_COVERED = "not_covered"
    BEFORE_CONSENT = "before_consent"
    TOO_OLD = "too_old"
    FROM_A_BOT = "from_a_bot"


@dataclass(frozen=True, slots=True)
class Said:
    """Something that was said, without its text.

    Attributes:
        platform: where.
        source: how it came here.
        person: whose it is, by `Person.key`; nobody's for a file.
        place: the channel, by `root`.
        at: when it was said.
        edited: when it was last changed, if it was.
        is_bot: whether a program said it.
    """

    platform: str
    source: Source
    person: str
    place: str
    at: datetime
    edited: datetime | None = None
    is_bot: bool = False

    @property
    def first(self) -> datetime:
        """The earliest moment that its text may be from, whatever order a platform reports."""
        return self.at if self.edited is None else min(self.at, self.edited)


@dataclass(frozen=True, slots=True)
class Rights:
    """What the ledger says about a person in a place at one moment.

    Attributes:
        permission: Discord's, from the operator's settings or recorded with an import.
        log: the place's; an import brings one of its own.
        consent: the person's there that is open.
        now: the moment of use; with it, text that is older than the person was told it would be kept is left out.
    """

    permission: str | None
    log: Log | None
    consent: Consent | None
    now: datetime | None = None


def root(place: Place) -> str:
    """The channel that counts for consents and logs: threads and topics belong to theirs."""
    return f"{place.platform}:{place.channel or place.id}"


def guild_of(place: Place) -> str | None:
    """The key of the server that a place belongs to."""
    return None if place.guild is None else f"{place.platform}:{place.guild}"


def verdict(said: Said, rights: Rights) -> Verdict:
    """Whether something may be kept, or used, for training; the first reason against it if it may not."""
    if said.source is Source.FILE:
        return Verdict.ALLOWED
    if said.is_bot:
        return Verdict.FROM_A_BOT
    if DISCORD in (said.platform, said.place.partition(":")[0]) and not rights.permission:
        return Verdict.NO_PERMISSION
    if said.source is Source.CHANNEL_LOG and (refused := _by_log(said, rights.log)) is not None:
        return refused
    return _by_consent(said, rights.consent, rights.now)


def _by_log(said: Said, log: Log | None) -> Verdict | None:
    if log is None or not log.on or log.place != said.place:
        return Verdict.LOG_OFF
    return Verdict.BEFORE_LOG if said.first < log.since else None


def _by_consent(said: Said, consent: Consent | None, now: datetime | None) -> Verdict:
    if consent is None or consent.withdrawn is not None:
        return Verdict.NO_CONSENT
    if (consent.person, consent.place) != (said.person, said.place):
        return Verdict.NO_CONSENT
    told = Wording.of(consent.wording)
    if told is None or not told.covers(Covers(said.source)):
        return Verdict.NOT_COVERED
    if said.first < consent.granted:
        return Verdict.BEFORE_CONSENT
    if now is not None and told.days is not None and said.at < now - timedelta(days=told.days):
        return Verdict.TOO_OLD
    return Verdict.ALLOWED
