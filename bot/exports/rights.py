"""What an operator says of an export, recorded where the gate reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.consent.gate import DISCORD
from bot.consent.wording import ELSEWHERE, Wording
from bot.exports.errors import NoRight
from storage import consents, forgotten, logs
from storage.consents import Consent
from storage.logs import Log
from storage.vault import Vault

OPERATOR: Final = "operator"  # who did what nobody in a chat did
ELSEWHERE_NUMBER: Final = Wording(ELSEWHERE).number


@dataclass(frozen=True, slots=True)
class Brought:
    """An import as the operator asked for it.

    Attributes:
        place: whose messages these are.
        guild: the server that it belongs to.
        permission: the right that the operator holds.
        consents: who consented from when on, by key.
        setting: Discord's permission, by the settings.
        elsewhere: whether these messages were said at another place, so that only the consents above count.
        now: the moment of the import.
        days: for how many, from when it was written, a message is kept.
        operator: who is noted to have done it.
        thread: the key of where these messages were said, if that is a thread of the place, or another place.
    """

    place: str
    guild: str | None
    permission: str | None
    consents: Mapping[str, datetime]
    setting: str | None
    elsewhere: bool
    now: datetime
    days: int
    operator: str = OPERATOR
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was changed for an import: the log as it was and is, and the consents that are new."""

    place: str
    before: Log | None
    after: Log | None
    granted: tuple[Consent, ...]


async def record(conn: AsyncConnection, vault: Vault, brought: Brought) -> Recorded:
    """Records a right and consents; one that was withdrawn, or forgotten, later than the list has it stays so.

    Raises:
        NoRight: nothing says that the place's messages may be learnt from.
    """
    before = await logs.get(conn, brought.place)
    after = _permitted(before, brought)
    if after is None or not (after.on or after.permission):
        raise NoRight(brought.place)
    if brought.place.startswith(f"{DISCORD}:") and not (after.permission or brought.setting):
        raise NoRight(brought.place)
    if after != before:
        await logs.turn(conn, after)
    gone = await forgotten.since(conn, vault, brought.consents)
    granted = [
        consent
        for person, at in brought.consents.items()
        if (person not in gone or gone[person] < at)
        and await _is_new(conn, consent := Consent(person, brought.place, brought.guild, ELSEWHERE_NUMBER, at))
    ]
    return Recorded(brought.place, before, after, tuple(granted))


async def take_back(conn: AsyncConnection, recorded: Recorded) -> None:
    """Makes it as if nothing had been recorded, but for what others have changed since."""
    for consent in recorded.granted:
        await consents.take_back(conn, consent)
    if recorded.after != recorded.before and await logs.get(conn, recorded.place) == recorded.after:
        if recorded.before is None:
            await logs.remove(conn, recorded.place)
        else:
            await logs.turn(conn, recorded.before)


async def _is_new(conn: AsyncConnection, consent: Consent) -> bool:
    known = await consents.history(conn, consent.place, consent.person)
    if any(row.withdrawn is None or row.withdrawn >= consent.granted for row in known):
        return False
    return await consents.grant(conn, consent)


def _permitted(log: Log | None, brought: Brought) -> Log | None:
    """The log with the operator's right; one that is new stays off: nothing is collected, only imports are taken."""
    right = brought.permission
    if right is None and log is None and brought.place.startswith(f"{DISCORD}:"):
        right = brought.setting
    if right is None:
        return log
    if log is None:
        return Log(brought.place, brought.guild, False, brought.now, brought.operator, right)
    return replace(log, permission=right)
