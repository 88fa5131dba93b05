"""What the ledger's desk tells of what it has done, and of how things stand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from bot.consent.gate import Verdict
from bot.consent.wording import Wording
from storage.channel_models import ChannelModel
from storage.consents import Consent
from storage.logs import Log


@dataclass(frozen=True, slots=True)
class Change:
    """What has changed in the ledger, once it is committed.

    Attributes:
        place: where, by `root`; None for everywhere.
        person: whose; None where a log was turned on or off.
        withdrawn: whether somebody withdrew, so that a training with their text must end.
        tainted: versions that learned from what was withdrawn, and are not to write any more.
    """

    place: str | None
    person: str | None = None
    withdrawn: bool = False
    tainted: tuple[ChannelModel, ...] = ()


Watcher: TypeAlias = Callable[[Change], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal did.

    Attributes:
        consents: how many were open.
        messages: how many were deleted.
        tainted: versions that are out of use now.
    """

    consents: int
    messages: int
    tainted: tuple[ChannelModel, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for a person in a place.

    Attributes:
        log: the place's.
        consent: the person's there that is open.
        here: how many of their messages are kept there.
        elsewhere: how many are in other places.
    """

    log: Log | None
    consent: Consent | None
    here: int
    elsewhere: int

    @property
    def told(self) -> Wording | None:
        """What the person agreed to."""
        return None if self.consent is None else Wording.of(self.consent.wording)


class Given(NamedTuple):
    """What became of a story that somebody gives: what the gate said, and how many writers are still to give it."""

    verdict: Verdict
    missing: int
