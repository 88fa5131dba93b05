"""Whether a training may go on with the text that it has: the ledger is asked, whoever was told of a change or not."""

from __future__ import annotations

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.corpora.reading import RightsOf
from bot.corpora.used import Used
from bot.names import versioned
from storage import channel_models
from storage.jobs import Job

USED: Final = "used"  # in a training's facts: what its text is made of


async def may_go_on(conn: AsyncConnection, job: Job, rights_of: RightsOf) -> bool:
    """Whether all that a training has learnt from, and its base too, may be used still; in the caller's transaction.

    Args:
        rights_of: the ledger of a place.
    """
    model, version = versioned(job.options["base"])
    base = await channel_models.get(conn, model, version or "")
    if base is not None and base.tainted is not None:
        return False
    used = [Used(*facts) for facts in job.facts.get(USED, ())]
    if not used:
        return True
    ledger = await rights_of(conn, job.place)
    return all(each.is_allowed(ledger) for each in used)
