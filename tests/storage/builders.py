"""Stories and candidates for the tests, with what does not matter filled in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import posts, rounds, stories
from storage.rounds import CandidateRow, Round, VoteRow
from storage.sealed_posts import Post, post_of
from storage.stories import Story
from storage.units import UnitRow
from storage.vault import Vault

NOON = datetime(2026, 5, 17, 12, 0, tzinfo=UTC)
LOBBY = "web:lobby"
ADA, BOB, CLEO = "web:Ada", "web:Bob", "web:Cleo"


async def given_by(conn: AsyncConnection, vault: Vault, person: str) -> list[Post]:
    """All that a person gave, by place and time."""
    rows = await posts.sealed_of(conn, person, limit=1_000_000)
    return sorted((post_of(vault, row) for row in rows), key=lambda post: (post.place, post.at))


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


async def start(conn: AsyncConnection, place: str = LOBBY, **changes: Any) -> Story:
    values: dict[str, Any] = {
        "place": place,
        "model": "tales",
        "version": "3",
        "unit": "word",
        "candidates": 3,
        "seconds": 60.0,
        "solo": False,
        "temperature": None,
        "label": None,
        "title_text": "Once upon",
        "start_ids": (7, 11),
        "started_by": ADA,
        "at": NOON,
    }
    return await stories.create(conn, **(values | changes))


def words(*texts: str) -> list[CandidateRow]:
    """Candidates of the model, from slot 0."""
    return [CandidateRow(0, slot, text, (slot + 100,), -1.5 - slot) for slot, text in enumerate(texts)]


async def ask(conn: AsyncConnection, story: Story, position: int, *texts: str) -> Round:
    """Opens a round; by default it offers « a», « the» and «.»."""
    offered = words(*(texts or (" a", " the", ".")))
    return await rounds.open_round(conn, story.id, position, 41 + position, NOON, after(60), offered, True)


def vote(round_: Round, person: str, slot: int, *, seconds: float = 1) -> VoteRow:
    return VoteRow(round_.id, person, person.removeprefix("web:"), slot, after(seconds))


async def finish(conn: AsyncConnection, round_: Round, slot: int, *, seconds: float = 60) -> bool:
    """Closes a round in favour of a slot."""
    past = await rounds.round_with(conn, round_.id)
    assert past is not None
    chosen = past.candidates[slot]
    unit = UnitRow(round_.story, round_.position, round_.id, chosen.text, chosen.token_ids)
    return await rounds.close_round(conn, round_.id, slot, "deadline", unit, after(seconds))
