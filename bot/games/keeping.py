"""What only whoever started a story, or an admin, may do with it; each act leaves a line in the audit."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation import Person
from bot.games import moves
from bot.games.errors import NothingToClose, NothingToUndo, NotYours, PausedAlready
from bot.games.moves import Moment, Offer
from storage import audit, rounds, stories
from storage.stories import Story


async def pause(conn: AsyncConnection, place: str, by: Person, when: Moment) -> Story:
    """Stops the round's clock until somebody presses.

    Raises:
        PausedAlready: it is paused.
    """
    story = await _kept(conn, place, by, "pause", when)
    if story.state == "paused":
        raise PausedAlready
    await stories.set_state(conn, story.id, "paused", when.at)
    if (round_ := await rounds.current(conn, story.id)) is not None:
        await rounds.set_deadline(conn, round_.id, None)
    return story


async def undo(conn: AsyncConnection, place: str, by: Person, offer_seed: int, when: Moment) -> Story:
    """Takes the last unit back, and opens its round again with the same candidates and no votes.

    Raises:
        NothingToUndo: the story is as it began.
    """
    story = await _kept(conn, place, by, "undo", when)
    undone = await rounds.undo(conn, story.id, when.at)
    past = None if undone is None else await rounds.round_with(conn, undone.id)
    if past is None:
        raise NothingToUndo
    await stories.set_idle(conn, story.id, 0)
    offer = Offer(past.candidates, offer_seed, past.round.exact)
    await moves.open_round(conn, story, past.round.position, offer, when.at)
    return story


async def skip(conn: AsyncConnection, place: str, by: Person, when: Moment) -> Story:
    """Closes the round now.

    Raises:
        NothingToClose: the next round is still being opened.
    """
    story = await _kept(conn, place, by, "skip", when)
    round_ = await rounds.current(conn, story.id)
    if round_ is None:
        raise NothingToClose
    await moves.decide(conn, story, round_.id, when)
    return story


async def stop(conn: AsyncConnection, place: str, by: Person, when: Moment) -> Story:
    """Ends the story as it is."""
    story = await _kept(conn, place, by, "stop", when)
    await stories.set_state(conn, story.id, "ended", when.at)
    return story


async def _kept(conn: AsyncConnection, place: str, by: Person, act: str, when: Moment) -> Story:
    """The story that runs at a place, once it is sure that this person may do this with it; the audit says so.

    Raises:
        NoStoryRuns, NotYours: none runs, or it is not this person's.
    """
    story = await moves.running(conn, place, when)
    if not by.admin and by.key != story.started_by:
        raise NotYours
    await audit.record(conn, place, by.key, f"story {act}", {"story": story.id}, when.at)
    return story
