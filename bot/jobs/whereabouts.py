"""Where a training was asked for, which is where it is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.consent.gate import root
from bot.conversation import Place

if TYPE_CHECKING:
    from storage.jobs import Job


def place_of(job: Job) -> Place:
    """Where it was asked for; its channel may have another id by now."""
    place = Place(*job.options["here"])
    return place if root(place) == job.place else replace(place, id=job.place.partition(":")[2], channel=None)
