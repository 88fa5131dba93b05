"""Whether somebody may still decide about a place, when nobody has just pressed or typed anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import structlog

from bot.conversation import Person, Place

if TYPE_CHECKING:
    from bot.outbox import Outbox

log = structlog.get_logger(__name__)


@runtime_checkable
class KnowsAdmins(Protocol):
    """A platform where people are made admins, and are unmade: it can be asked who is one now."""

    async def administers(self, person: str, place: Place) -> bool:
        """Whether the person, by their id on the platform, may manage the place now."""
        ...


async def administers(outbox: Outbox | None, person: str, place: Place) -> bool:
    """Whether a person may manage a place now; where rights come with a key or a machine they stay.

    Args:
        outbox: of the place's platform; None where that does not run, and nobody can be asked.
        person: their id on the platform.
    """
    if outbox is None:
        return False
    platform = outbox.platform
    if not isinstance(platform, KnowsAdmins):
        return True
    try:
        return await platform.administers(person, place)
    except Exception:  # the platform's own, whatever it is: nobody has a right because it is not to be reached
        log.exception("an admin could not be told from others", place=place.key)
        return False


async def may_decide(outbox: Outbox | None, person: Person, place: Place) -> bool:
    """Whether somebody who presses a button may decide; some platforms do not tell that with a press."""
    if person.admin:
        return True
    return (
        outbox is not None and isinstance(outbox.platform, KnowsAdmins) and await administers(outbox, person.id, place)
    )
