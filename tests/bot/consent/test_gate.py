"""The gate, as a table of everything that it can be asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Final

import pytest

from bot.consent import wording
from bot.consent.gate import Rights, Said, Source, Verdict, guild_of, root, verdict
from bot.consent.wording import Wording
from bot.conversation import Place
from storage.consents import Consent
from storage.logs import Log

NOON: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
LATER: Final = NOON + 30 * HOUR

PLATFORMS: Final = ("discord", "telegram", "web", "terminal")
PERMISSIONS: Final = (None, "", "a letter from Discord")
LOGS: Final = ("none", "off", "on", "on later", "of another place")
CONSENTS: Final = (
    "none",
    "log",
    "log later",
    "texts",
    "elsewhere",
    "unknown",
    "withdrawn",
    "another's",
    "another place's",
)
TIMES: Final = (-2, 0, 2)  # hours after noon, when most things begin
EDITS: Final = (None, -3, 3)


def place_of(platform: str) -> str:
    """The channel of the table on a platform."""
    return f"{platform}:1"


def log_of(kind: str, platform: str) -> Log | None:
    """A log as the table names it."""
    here = Log(place_of(platform), None, on=True, since=NOON, by="x:1")
    known = {
        "none": None,
        "off": replace(here, on=False),
        "on": here,
        "on later": replace(here, since=NOON + 3 * HOUR),
        "of another place": replace(here, place=f"{platform}:2"),
    }
    return known[kind]


def consent_of(kind: str, platform: str) -> Consent | None:
    """A consent as the table names it."""
    here = Consent(f"{platform}:ada", place_of(platform), None, Wording(wording.LOG, 365).number, NOON)
    known = {
        "none": None,
        "log": here,
        "log later": replace(here, granted=NOON + HOUR),
        "texts": replace(here, wording=Wording(wording.TEACH, 365).number),
        "elsewhere": replace(here, wording=wording.ELSEWHERE),
        "unknown": replace(here, wording=999),
        "withdrawn": replace(here, withdrawn=NOON + HOUR),
        "another's": replace(here, person=f"{platform}:ben"),
        "another place's": replace(here, place=f"{platform}:2"),
    }
    return known[kind]


def allowed(
    platform: str, source: Source, permission: str | None, log: str, consent: str, at: int, edited: int | None
) -> bool:
    """What DESIGN says, written down a second time and the other way about: from what opens the gate."""
    if source is Source.FILE:
        return True
    if platform == "discord" and not permission:
        return False
    began = {"log": 0, "log later": 1}
    if source is Source.SUBMISSION:
        began["texts"] = 0
    else:
        began["elsewhere"] = 0
        if log != "on":
            return False  # the log that is on later comes after every time of the table
    earliest = at if edited is None else min(at, edited)
    return consent in began and earliest >= began[consent] and (source is Source.SUBMISSION or earliest >= 0)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("source", Source)
def test_every_combination(platform: str, source: Source) -> None:
    """Of all combinations those and only those are let in that the policy names."""
    wrong = []
    for permission, log, consent, at, edited in product(PERMISSIONS, LOGS, CONSENTS, TIMES, EDITS):
        changed = None if edited is None else NOON + edited * HOUR
        said = Said(platform, source, f"{platform}:ada", place_of(platform), NOON + at * HOUR, changed)
        rights = Rights(permission, log_of(log, platform), consent_of(consent, platform), LATER)

        found = verdict(said, rights) is Verdict.ALLOWED

        if found != allowed(platform, source, permission, log, consent, at, edited):
            wrong.append((permission, log, consent, at, edited, found))
    assert wrong == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (lambda said, rights: (replace(said, is_bot=True), rights), Verdict.FROM_A_BOT),
        (lambda said, rights: (said, replace(rights, permission=None)), Verdict.NO_PERMISSION),
        (lambda said, rights: (said, replace(rights, log=None)), Verdict.LOG_OFF),
        (lambda said, rights: (said, replace(rights, log=log_of("on later", "discord"))), Verdict.BEFORE_LOG),
        (lambda said, rights: (said, replace(rights, consent=None)), Verdict.NO_CONSENT),
        (lambda said, rights: (said, replace(rights, consent=consent_of("texts", "discord"))), Verdict.NOT_COVERED),
        (
            lambda said, rights: (said, replace(rights, consent=consent_of("log later", "discord"))),
            Verdict.BEFORE_CONSENT,
        ),
        (lambda said, rights: (said, replace(rights, now=NOON + timedelta(days=366))), Verdict.TOO_OLD),
        (lambda said, rights: (said, rights), Verdict.ALLOWED),
    ],
)
def test_reasons(changed: Callable[[Said, Rights], tuple[Said, Rights]], reason: Verdict) -> None:
    """What is left out is left out for one reason that can be counted."""
    said = Said("discord", Source.CHANNEL_LOG, "discord:ada", "discord:1", NOON + timedelta(minutes=1))
    rights = Rights("a letter", log_of("on", "discord"), consent_of("log", "discord"), NOON + HOUR)

    assert verdict(*changed(said, rights)) is reason


def test_a_place_of_discord_on_another_platform() -> None:
    """What names a channel of Discord needs Discord's permission, whoever says where it comes from."""
    said = Said("web", Source.SUBMISSION, "discord:ada", "discord:1", NOON)

    found = verdict(said, Rights(None, None, consent_of("log", "discord")))

    assert found is Verdict.NO_PERMISSION


def test_threads() -> None:
    """Threads and topics belong to their channel, and a channel to its server."""
    thread = Place("discord", "7", channel="3", guild="1")

    assert root(thread) == root(Place("discord", "3", guild="1")) == "discord:3"
    assert guild_of(thread) == "discord:1"
    assert guild_of(Place("web", "lobby")) is None
