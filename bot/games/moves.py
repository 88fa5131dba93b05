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
from bot.games.errors import ForeignButton, NoStoryRuns, RoundOver, StoryRuns
from bot.games.records import ballot_of, progress_of
from generators.completion import Alternative
from storage import inbox, rounds, stories, units
from storage.rounds import CandidateRow, Past, Round, VoteRow
from storage.stories import Running, Story
from storage.units import UnitRow


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
    language: str
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
        closed: whether nobody else was waited for, so that the round is over.
    """

    story: int
    candidate: Candidate
    before: Candidate | None
    resumed: bool
    closed: bool


@dataclass(frozen=True, slots=True)
class RanOut:
    """A vote or a write-in that came after its round's time was up: the round is closed instead."""

    story: int


async def start(conn: AsyncConnection, beginning: Beginning, offer: Offer, by: Person, when: Moment) -> Story:
    """Begins a story and its first round.

    Raises:
        StoryRuns: another one runs there.
    """
    await once(conn, when)
    try:
        story = await stories.create(
            conn,
            place=beginning.place.key,
            channel=beginning.place.channel,
            guild=beginning.place.guild,
            model=beginning.model,
            version=beginning.version,
            unit=beginning.unit,
            candidates=beginning.candidates,
            seconds=beginning.seconds,
            solo=beginning.solo,
            temperature=beginning.temperature,
            label=beginning.label,
            language=beginning.language,
            title_text=beginning.text,
            start_ids=beginning.token_ids,
            started_by=by.key,
            at=when.at,
        )
    except Running as other:
        raise StoryRuns from other
    await open_round(conn, story, 0, offer, when.at)
    return story


async def open_next(
    conn: AsyncConnection, story_id: int, last: UnitRow | None, offer: Offer, at: datetime
) -> Round | None:
    """Opens the round after a unit; None where the story has gone another way while its candidates were sought."""
    story = await stories.get(conn, story_id)
    if story is None or story.state == "ended" or await rounds.current(conn, story_id) is not None:
        return None
    if await units.newest(conn, story_id) != last:
        return None
    return await open_round(conn, story, 0 if last is None else last.position + 1, offer, at)


async def press(conn: AsyncConnection, round_id: int, slot: int, place: str, by: Person, when: Moment) -> Cast | RanOut:
    """Counts a vote; resumes a paused story; closes the round where this was the vote it waited for.

    Raises:
        ForeignButton: the round belongs to another place.
        RoundOver: it is closed, or there never was such a round.
        NoSuchCandidate: it has no such slot.
    """
    await once(conn, when)
    past = await rounds.round_with(conn, round_id)
    story = None if past is None else await stories.get(conn, past.round.story)
    if past is None or story is None:
        raise RoundOver
    if story.place != place:
        raise ForeignButton
    if await _ran_out(conn, story, past.round, when):
        return RanOut(story.id)
    before = ballot_of(past)
    after = ballots.vote(before, by.key, slot)
    await rounds.cast(conn, VoteRow(round_id, by.key, by.name, slot, when.at))
    resumed, closed = await _took_part(conn, story, past.round, after.votes, by, when)
    return Cast(
        story=story.id,
        candidate=after.at(slot),
        before=before.at(before.votes[by.key]) if by.key in before.votes else None,
        resumed=resumed,
        closed=closed,
    )


async def write_in(
    conn: AsyncConnection, round_id: int, text: str, scored: Alternative, by: Person, when: Moment
) -> Candidate | RanOut:
    """Adds a write-in with its writer's vote.

    Raises:
        RoundOver: the round closed while the write-in was scored.
        UserError: as `ballot.acceptable` does.
    """
    await once(conn, when)
    past = await rounds.round_with(conn, round_id)
    story = None if past is None else await stories.get(conn, past.round.story)
    if past is None or story is None:
        raise RoundOver
    if await _ran_out(conn, story, past.round, when):
        return RanOut(story.id)
    ballot = ballots.write_in(ballot_of(past), by.key, text, scored.token_ids, scored.logprob)
    written = ballot.candidates[-1]
    await rounds.add_candidate(
        conn, CandidateRow(round_id, written.slot, text, written.token_ids, written.logprob, writer=by.key)
    )
    await rounds.cast(conn, VoteRow(round_id, by.key, by.name, written.slot, when.at))
    await _took_part(conn, story, past.round, ballot.votes, by, when)
    return written


async def join(conn: AsyncConnection, place: str, by: Person, when: Moment) -> Story:
    """Makes somebody a player."""
    story = await running(conn, place, when)
    last = await units.newest(conn, story.id)
    await stories.join(conn, story.id, by.key, by.name, 0 if last is None else last.position + 1)
    return story


async def resume(conn: AsyncConnection, story_id: int, place: str, when: Moment) -> bool:
    """Lets a paused story go on; False if it was going on.

    Raises:
        ForeignButton: the story belongs to another place.
        RoundOver: it has ended.
    """
    await once(conn, when)
    story = await stories.get(conn, story_id)
    if story is None or story.state == "ended":
        raise RoundOver
    if story.place != place:
        raise ForeignButton
    return await _resumed(conn, story, await rounds.current(conn, story_id), when.at)


async def running(conn: AsyncConnection, place: str, when: Moment) -> Story:
    """The story that runs at a place, for a move that has not been made before.

    Raises:
        NoStoryRuns: there is none.
    """
    await once(conn, when)
    story = await stories.running(conn, place)
    if story is None:
        raise NoStoryRuns
    return story


async def close(conn: AsyncConnection, story_id: int, round_id: int, when: Moment) -> None:
    """Closes a round whose time is up; a round that is over stays as it is."""
    story = await stories.get(conn, story_id)
    if story is not None and story.state == "open":
        await decide(conn, story, round_id, when)


async def stall(conn: AsyncConnection, story_id: int, at: datetime) -> None:
    """Pauses a story whose next round could not be opened; one that went another way meanwhile stays as it is."""
    story = await stories.get(conn, story_id)
    if story is not None and story.state == "open" and await rounds.current(conn, story_id) is None:
        await stories.set_state(conn, story_id, "paused", at)


async def hush(conn: AsyncConnection, story_id: int, at: datetime) -> bool:
    """Pauses a story that cannot be shown any more, until somebody does something there; False for one that is over."""
    story = await stories.get(conn, story_id)
    if story is None or story.state == "ended":
        return False
    if story.state == "open":
        await stories.set_state(conn, story_id, "paused", at)
        if (round_ := await rounds.current(conn, story_id)) is not None:
            await rounds.set_deadline(conn, round_.id, None)
    return True


async def reopen(conn: AsyncConnection, story_id: int, least: timedelta, at: datetime) -> Story | None:
    """After a restart: an open round closes at its deadline, but not before people had time to come back."""
    story = await stories.get(conn, story_id)
    round_ = None if story is None else await rounds.current(conn, story_id)
    if story is not None and round_ is not None and story.state == "open":
        await rounds.set_deadline(conn, round_.id, max(round_.deadline or at, at + least))
    return story


async def open_round(conn: AsyncConnection, story: Story, position: int, offer: Offer, at: datetime) -> Round:
    """Opens a round; its clock stands still while the story is paused."""
    deadline = None if story.state == "paused" else at + timedelta(seconds=story.seconds)
    return await rounds.open_round(conn, story.id, position, offer.seed, at, deadline, offer.candidates, offer.exact)


async def _ran_out(conn: AsyncConnection, story: Story, round_: Round, when: Moment) -> bool:
    """Closes a round that is past its deadline, however late its table is; False where it goes on or is over."""
    if story.state != "open" or round_.state != "open" or round_.deadline is None or when.at < round_.deadline:
        return False
    await decide(conn, story, round_.id, when)
    return True


async def _took_part(
    conn: AsyncConnection, story: Story, round_: Round, voters: Collection[str], by: Person, when: Moment
) -> tuple[bool, bool]:
    """Notes a player, resumes the story if it was paused, and closes the round if nobody else is waited for.

    Returns:
        Whether it was resumed, and whether the round was closed.
    """
    await stories.join(conn, story.id, by.key, by.name, round_.position)
    resumed = await _resumed(conn, story, round_, when.at)
    everybody = [] if story.solo or round_.position == 0 else await stories.players(conn, story.id)
    closes = rules.closes_early(progress_of(story, round_.position, everybody), voters, solo=story.solo)
    if closes:
        await decide(conn, replace(story, state="open"), round_.id, when)
    return resumed, closes


async def _resumed(conn: AsyncConnection, story: Story, round_: Round | None, at: datetime) -> bool:
    if story.state != "paused":
        return False
    await stories.set_state(conn, story.id, "open", at)
    await stories.set_idle(conn, story.id, 0)
    if round_ is not None:
        await rounds.set_deadline(conn, round_.id, at + timedelta(seconds=story.seconds))
    return True


async def decide(conn: AsyncConnection, story: Story, round_id: int, when: Moment) -> None:
    """Decides a round and appends what won; nothing happens if it was over."""
    past = await rounds.round_with(conn, round_id)
    if past is None or past.round.state != "open":
        return
    temperature = when.temperature if story.temperature is None else story.temperature
    ballot = ballots.close(ballot_of(past))
    winner = ballots.decide(ballot, temperature, ballots.uniform(past.round.seed))
    unit = None if winner.bare_end else _unit(past, winner)
    reason = ballots.reason(ballot)
    await rounds.close_round(conn, round_id, winner.slot, reason, unit, when.at, temperature=temperature)
    progress = rules.decided(progress_of(story, past.round.position, ()), winner, len(ballot.votes))
    await stories.set_idle(conn, story.id, progress.idle)
    if progress.ended:
        await stories.set_state(conn, story.id, "ended", when.at)
    elif progress.pauses and story.state == "open":
        await stories.set_state(conn, story.id, "paused", when.at)


def _unit(past: Past, winner: Candidate) -> UnitRow:
    return UnitRow(past.round.story, past.round.position, past.round.id, winner.text, winner.token_ids)


async def once(conn: AsyncConnection, when: Moment) -> None:
    """Notes that what asked for this move is dealt with, in the move's own transaction.

    Raises:
        Repeated: it was before.
    """
    if when.origin is not None and not await inbox.done(conn, when.origin):
        raise Repeated
