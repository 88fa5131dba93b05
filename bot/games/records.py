"""Between what is stored of a story and the values that its rules work on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation import Place
from bot.games import show
from bot.games import story as rules
from bot.games.ballot import Ballot, Candidate, Reason
from bot.games.show import View
from bot.games.story import Progress
from generators.completion import Alternative, Unit
from storage import rounds, stories, units
from storage.rounds import CandidateRow, Past, Round
from storage.stories import PlayerRow, Story
from storage.units import UnitRow

ENDING: Final = show.TEXT + 100  # units; each has a character at least, and white space at the end is not shown


@dataclass(frozen=True, slots=True)
class Situation:
    """A story as it stands at one moment.

    Attributes:
        story: with its rules.
        past: the open round; None while the next one is being prepared, and once the story is over.
        position: of the round that is open, or that comes next.
        ending: the end of the text, longer than anything that is shown of it.
        everybody: who ever played.
    """

    story: Story
    past: Past | None
    position: int
    ending: str
    everybody: tuple[PlayerRow, ...]

    @property
    def players(self) -> tuple[PlayerRow, ...]:
        """Those who play now."""
        return tuple(player for player in self.everybody if rules.plays(player.last_position, self.position))


@dataclass(frozen=True, slots=True)
class Written:
    """A whole story, from which a model goes on.

    Attributes:
        text: all of it.
        token_ids: the same as the model reads it.
        last: its newest unit; None while there is only its beginning.
    """

    text: str
    token_ids: tuple[int, ...]
    last: UnitRow | None


async def situation(conn: AsyncConnection, story_id: int) -> Situation | None:
    """How a story stands; None if there is no such story.

    This is asked at every step, and takes as long for a long story as for a short one.
    """
    story = await stories.get(conn, story_id)
    if story is None:
        return None
    round_ = await rounds.current(conn, story_id)
    last = await units.newest(conn, story_id)
    position = 0 if last is None else last.position + 1
    ending = await units.ending(conn, story_id, ENDING)
    return Situation(
        story=story,
        past=None if round_ is None else await rounds.round_with(conn, round_.id),
        position=position,
        ending=ending if position > ENDING else story.title_text + ending,
        everybody=tuple(await stories.players(conn, story_id)),
    )


async def written(conn: AsyncConnection, story: Story) -> Written:
    """All that there is of a story's text."""
    appended = await units.every(conn, story.id)
    return Written(
        text=story.title_text + "".join(unit.text for unit in appended),
        token_ids=(*story.start_ids, *(token for unit in appended for token in unit.token_ids)),
        last=appended[-1] if appended else None,
    )


def ballot_of(past: Past) -> Ballot:
    """The ballot of a stored round."""
    return Ballot(
        candidates=tuple(
            Candidate(row.slot, row.text, row.token_ids, row.logprob, row.end, row.writer) for row in past.candidates
        ),
        votes={vote.person: vote.slot for vote in past.votes},
        open=past.round.state == "open",
    )


def progress_of(story: Story, position: int, players: Iterable[PlayerRow]) -> Progress:
    """How far a stored story is."""
    return Progress(position, {player.person: player.last_position for player in players}, story.idle_rounds)


def view_of(now: Situation, past: Past) -> View:
    """What is shown of an open round."""
    voters = {vote.person for vote in past.votes}
    return View(
        round_id=past.round.id,
        number=past.round.position + 1,
        text=now.ending,
        ballot=ballot_of(past),
        probabilities=now.story.unit != Unit.SENTENCE,
        players=tuple(player.name for player in now.players),
        missing=sum(player.person not in voters for player in now.players),
        deadline=None if now.story.state == "paused" else past.round.deadline,
        solo=now.story.solo,
    )


def candidate_rows(alternatives: Sequence[Alternative], unit: Unit) -> list[CandidateRow]:
    """A model's alternatives as a new round's candidates; those that no database and no reader takes are left out.

    The bare end is an empty text; only sentences have words of their own before the end.
    """
    rows: list[CandidateRow] = []
    for alternative in alternatives:
        text = "" if alternative.end and unit is not Unit.SENTENCE else alternative.text
        if (not text and not alternative.end) or "\0" in text:
            continue
        logprob = None if math.isnan(alternative.logprob) else alternative.logprob
        rows.append(CandidateRow(0, len(rows), text, alternative.token_ids, logprob, alternative.end))
    return rows


def reason_of(round_: Round) -> Reason | None:
    """Why a round's candidate won, if it closed."""
    return next((each for each in get_args(Reason) if each == round_.reason), None)


def place_of(story: Story) -> Place:
    """Where a story is written."""
    platform, _, id_ = story.place.partition(":")
    return Place(platform, id_, story.channel, story.guild)
