"""A logged place for tests: its log, its people's consents, and what is kept of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from bot.consent.wording import LOG, Wording
from storage import consents, logs, posts
from storage.consents import Consent
from storage.database import Database
from storage.logs import Log
from storage.posts import Post
from storage.vault import Vault

YEAR: int = 365
EARLIER = timedelta(minutes=10)


async def logged(database: Database, place: str, since: datetime, *people: str, guild: str | None = None) -> None:
    """Turns a place's log on, and has people agree at that moment."""
    await database.write(partial(logs.turn, log=Log(place, guild, True, since, "terminal:you")))
    for person in people:
        await agree(database, person, place, since)


async def agree(database: Database, person: str, place: str, at: datetime) -> None:
    """Somebody agrees to be logged."""
    agreed = Consent(person, place, None, Wording(LOG, YEAR).number, at)
    assert await database.write(partial(consents.grant, consent=agreed))


async def kept(database: Database, vault: Vault, place: str) -> list[Post]:
    """What is kept of a place, oldest first."""
    sources = ("channel_log", "import", "submission")
    page = await database.read(partial(posts.page, vault=vault, place=place, after=None, sources=sources))
    return [post for _, post in page]


async def texts(database: Database, vault: Vault, place: str) -> list[str]:
    """The same, what it says alone."""
    return [post.text for post in await kept(database, vault, place)]
