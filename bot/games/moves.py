"""The moves of a story, each of them one transaction: what is acknowledged has been committed, all of it or nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation import Person, Place
from bot.games import ballot as ballots
from bot.games import story as rules
from bot.games.ballot import Candidate
from bot.games.errors import (
    ForeignButton,
    NoStoryRuns,
    NothingToClose,
    NothingToUndo,
    NotYours,
    PausedAlready,
    RoundOver,
    StoryRuns,
)
from bot.games.records import ballot_of, progress_of
from generators.completion import Alternative
from storage import inbox, stories
from storage.stories import CandidateRow, Past, Round, Running, Story, UnitRow, VoteRow


class Repeated(Exception):  # not an error: it was done, and is not done again
    """An update came again whose move had been made."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a new story starts from; the rest as in `storage.stories.Story`."""

    place: Place
    model: str
    version: str
    unit: str
    candidates: int
    seconds: float
    solo: bool
    temperature: float | None
    label: str | None
    text: str
    token_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """Candidates for a round, and the seed that gave them and decides its draw."""

    candidates: Sequence[CandidateRow]
    seed: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """When a move is made, the temperature of its place, and the inbox item that asked for it."""

    at: datetime
    temperature: float = 1.0
    origin: int | None = None


@dataclass(frozen=True, slots=True)
class Cast:
    """A vote that was counted.

    Attributes:
        story: whose round it is.
        candidate: what was voted for.
        before: what the same person had voted for in this round.
        resumed: whether the vote ended a pause.
    """

    story: int
    candidate: Candidate
    before: Candidate | None
    resumed: bool


async def start(conn: AsyncConnection, beginning: Beginning, offer: Offer, by: Person, when: Moment) -> Story:
    """Begins a story and its first round.

    Raises:
        StoryRuns: another one runs there.
    """
    await _once(conn, when)
    try:
        story = await stories.create(
            conn,
            place=beginning.place.key,
            channel=beginning.place.channel,
            guild=beginning.place.guild,
            origin=when.origin,
            model=beginning.model,
            version=beginning.version,
            unit=beginning.unit,
            candidates=beginning.candidates,
            seconds=beginning.seconds,
            solo=beginning.solo,
            temperature=beginning.temperature,
            label=beginning.label,
            title_text=beginning.text,
            start_ids=beginning.token_ids,
            started_by=by.key,
            at=when.at,
        )
    except Running as other:
        raise StoryRuns from other
    await _open(conn, story, 0, offer, when.at)
    return story


async def open_next(conn: AsyncConnection, story_id: int, position: int, offer: Offer, at: datetime) -> Round | None:
    """Opens the round at a position; None where the story has gone another way while its candidates were sought."""
    story = await stories.get(conn, story_id)
    if story is None or story.state == "ended" or await stories.current(conn, story_id) is not None:
        return None
    if len(await stories.units(conn, story_id)) != position:
        return None
    return await _open(conn, story, position, offer, at)


async def press(conn: AsyncConnection, round_id: int, slot: int, place: str, by: Person, when: Moment) -> Cast:
    """Counts a vote; resumes a paused story; closes the round where this was the vote it waited for.

    Raises:
        ForeignButton: the round belongs to another place.
        RoundOver: it is closed, or there never was such a round.
        NoSuchCandidate: it has no such slot.
    """
    await _once(conn, when)
    past = await stories.round_with(conn, round_id)
    story = None if past is None else await stories.get(conn, past.round.story)
    if past is None or story is None:
        raise RoundOver
    if story.place != place:
        raise ForeignButton
    before = ballot_of(past)
    after = ballots.vote(before, by.key, slot)
    await stories.cast(conn, VoteRow(round_id, by.key, by.name, slot, when.at))
    resumed = await _took_part(conn, story, past.round, after.votes, by, when)
    return Cast(
        story=story.id,
        candidate=after.at(slot),
        before=before.at(before.votes[by.key]) if by.key in before.votes else None,
        resumed=resumed,
    )


async def write_in(
    conn: AsyncConnection, round_id: int, text: str, scored: Alternative, by: Person, when: Moment
) -> Candidate:
    """Adds a write-in with its writer's vote.

    Raises:
        RoundOver: the round closed while the write-in was scored.
        UserError: as `ballot.acceptable` does.
    """
    await _once(conn, when)
    past = await stories.round_with(conn, round_id)
    story = None if past is None else await stories.get(conn, past.round.story)
    if past is None or story is None:
        raise RoundOver
    ballot = ballots.write_in(ballot_of(past), by.key, text, scored.token_ids, scored.logprob)
    written = ballot.candidates[-1]
    await stories.add_candidate(
        conn, CandidateRow(round_id, written.slot, text, written.token_ids, written.logprob, writer=by.key)
    )
    await stories.cast(conn, VoteRow(round_id, by.key, by.name, written.slot, when.at))
    await _took_part(conn, story, past.round, ballot.votes, by, when)
    return written


async def join(conn: AsyncConnection, place: str, by: Person, when: Moment) -> Story:
    """Makes somebody a player."""
    story = await _running(conn, place, when)
    position = len(await stories.units(conn, story.id))
    await stories.join(conn, story.id, by.key, by.name, position)
    return story


async def pause(conn: AsyncConnection, place: str, by: Person, when: Moment) -> Story:
    """Stops the round's clock until somebody presses.

    Raises:
        PausedAlready: it is paused.
    """
    story = await _running(conn, place, when, keeper=by)
    if story.state == "paused":
        raise PausedAlready
    await stories.set_state(conn, story.id, "paused", when.at)
    if (round_ := await stories.current(conn, story.id)) is not None:
        await stories.set_deadline(conn, round_.id, None)
    return story


async def resume(conn: AsyncConnection, story_id: int, place: str, when: Moment) -> bool:
    """Lets a paused story go on; False if it was going on.

    Raises:
        ForeignButton: the story belongs to another place.
        RoundOver: it has ended.
    """
    await _once(conn, when)
    story = await stories.get(conn, story_id)
    if story is None or story.state == "ended":
        raise RoundOver
    if story.place != place:
        raise ForeignButton
    return await _resumed(conn, story, await stories.current(conn, story_id), when.at)


async def undo(conn: AsyncConnection, place: str, by: Person, offer_seed: int, when: Moment) -> Story:
    """Takes the last unit back, and opens its round again with the same candidates and no votes.

    Raises:
        NothingToUndo: the story is as it began.
    """
    story = await _running(conn, place, when, keeper=by)
    undone = await stories.undo(conn, story.id, when.at)
    past = None if undone is None else await stories.round_with(conn, undone.id)
    if past is None:
        raise NothingToUndo
    await stories.set_idle(conn, story.id, 0)
    await _open(conn, story, past.round.position, Offer(past.candidates, offer_seed, past.round.exact), when.at)
    return story


async def skip(conn: AsyncConnection, place: str, by: Person, when: Moment) -> Story:
    """Closes the round now.

    Raises:
        NothingToClose: the next round is still being opened.
    """
    story = await _running(conn, place, when, keeper=by)
    round_ = await stories.current(conn, story.id)
    if round_ is None:
        raise NothingToClose
    await _close(conn, story, round_.id, when)
    return story


async def stop(conn: AsyncConnection, place: str, by: Person, when: Moment) -> Story:
    """Ends the story as it is."""
    story = await _running(conn, place, when, keeper=by)
    await stories.set_state(conn, story.id, "ended", when.at)
    return story


async def close(conn: AsyncConnection, story_id: int, round_id: int, when: Moment) -> None:
    """Closes a round whose time is up; a round that is over stays as it is."""
    story = await stories.get(conn, story_id)
    if story is not None and story.state == "open":
        await _close(conn, story, round_id, when)


async def stall(conn: AsyncConnection, story_id: int, at: datetime) -> None:
    """Pauses a story whose next round could not be opened; one that went another way meanwhile stays as it is."""
    story = await stories.get(conn, story_id)
    if story is not None and story.state == "open" and await stories.current(conn, story_id) is None:
        await stories.set_state(conn, story_id, "paused", at)


async def reopen(conn: AsyncConnection, story_id: int, least: timedelta, at: datetime) -> Story | None:
    """After a restart: an open round closes at its deadline, but not before people had time to come back."""
    story = await stories.get(conn, story_id)
    round_ = None if story is None else await stories.current(conn, story_id)
    if story is not None and round_ is not None and story.state == "open":
        await stories.set_deadline(conn, round_.id, max(round_.deadline or at, at + least))
    return story


async def _open(conn: AsyncConnection, story: Story, position: int, offer: Offer, at: datetime) -> Round:
    deadline = None if story.state == "paused" else at + timedelta(seconds=story.seconds)
    return await stories.open_round(conn, story.id, position, offer.seed, at, deadline, offer.candidates, offer.exact)


async def _took_part(
    conn: AsyncConnection, story: Story, round_: Round, voters: Collection[str], by: Person, when: Moment
) -> bool:
    """Notes a player, resumes the story if it was paused, and closes the round if nobody else is waited for."""
    await stories.join(conn, story.id, by.key, by.name, round_.position)
    resumed = await _resumed(conn, story, round_, when.at)
    everybody = [] if story.solo or round_.position == 0 else await stories.players(conn, story.id)
    if rules.closes_early(progress_of(story, round_.position, everybody), voters, solo=story.solo):
        await _close(conn, replace(story, state="open"), round_.id, when)
    return resumed


async def _resumed(conn: AsyncConnection, story: Story, round_: Round | None, at: datetime) -> bool:
    if story.state != "paused":
        return False
    await stories.set_state(conn, story.id, "open", at)
    await stories.set_idle(conn, story.id, 0)
    if round_ is not None:
        await stories.set_deadline(conn, round_.id, at + timedelta(seconds=story.seconds))
    return True


async def _close(conn: AsyncConnection, story: Story, round_id: int, when: Moment) -> None:
    """Decides a round and appends what won; nothing happens if it was over."""
    past = await stories.round_with(conn, round_id)
    if past is None or past.round.state != "open":
        return
    temperature = when.temperature if story.temperature is None else story.temperature
    ballot = ballots.close(ballot_of(past))
    winner = ballots.decide(ballot, temperature, ballots.uniform(past.round.seed))
    unit = None if winner.bare_end else _unit(past, winner)
    reason = ballots.reason(ballot)
    await stories.close_round(conn, round_id, winner.slot, reason, unit, when.at, temperature=temperature)
    progress = rules.decided(progress_of(story, past.round.position, ()), winner, len(ballot.votes))
    await stories.set_idle(conn, story.id, progress.idle)
    if progress.ended:
        await stories.set_state(conn, story.id, "ended", when.at)
    elif progress.pauses and story.state == "open":
        await stories.set_state(conn, story.id, "paused", when.at)


def _unit(past: Past, winner: Candidate) -> UnitRow:
    return UnitRow(past.round.story, past.round.position, past.round.id, winner.text, winner.token_ids)


async def _running(conn: AsyncConnection, place: str, when: Moment, keeper: Person | None = None) -> Story:
    """The story that runs at a place, once it is sure that this person may do with it what only its keepers may."""
    await _once(conn, when)
    story = await stories.running(conn, place)
    if story is None:
        raise NoStoryRuns
    if keeper is not None and not keeper.admin and keeper.key != story.started_by:
        raise NotYours
    return story


async def _once(conn: AsyncConnection, when: Moment) -> None:
    if when.origin is not None and not await inbox.done(conn, when.origin):
        raise Repeated
