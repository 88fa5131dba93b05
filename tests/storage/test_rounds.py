from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import rounds, stories, units
from storage.database import Database
from storage.rounds import CandidateRow, Round, VoteRow
from storage.stories import Story
from storage.units import UnitRow
from tests.storage.builders import ADA, BOB, CLEO, NOON, after, ask, finish, start, vote, words


@pytest.fixture
async def round_(database: Database, story: Story) -> Round:
    return await database.write(lambda conn: ask(conn, story, 0))


async def test_opened(database: Database, story: Story) -> None:
    """A round comes back with its candidates as they were offered."""
    offered = [
        CandidateRow(0, 0, "\n", (10,), -0.25),
        CandidateRow(0, 1, " naïve 🎈", (256, 50_256), None),
        CandidateRow(0, 2, "", (), float("-inf"), end=True),
    ]
    opened = await database.write(
        lambda conn: rounds.open_round(conn, story.id, 0, 2**63 - 1, NOON, None, offered, False)
    )

    past = await database.read(lambda conn: rounds.round_with(conn, opened.id))

    assert past is not None
    assert past.round == opened == Round(opened.id, story.id, 0, 1, "open", 2**63 - 1, NOON, None, False)
    assert past.candidates == [
        CandidateRow(opened.id, row.slot, row.text, row.token_ids, row.logprob, row.end) for row in offered
    ]
    assert past.votes == []


async def test_one_open(database: Database, story: Story, round_: Round) -> None:
    """A story with an open round opens no other."""
    with pytest.raises(ValueError, match="has an open round"):
        await database.write(lambda conn: ask(conn, story, 0))

    assert await database.read(lambda conn: rounds.current(conn, story.id)) == round_


async def test_not_on_ended(database: Database, story: Story) -> None:
    """A story that has ended opens no round."""
    await database.write(lambda conn: stories.set_state(conn, story.id, "ended", NOON))

    with pytest.raises(ValueError, match="does not run"):
        await database.write(lambda conn: ask(conn, story, 0))

    assert await database.read(lambda conn: rounds.history(conn, story.id)) == []


async def test_one_vote(database: Database, round_: Round) -> None:
    """A person's later vote takes the place of the earlier one."""
    await database.write(lambda conn: rounds.cast(conn, vote(round_, ADA, 0, seconds=1)))
    await database.write(lambda conn: rounds.cast(conn, vote(round_, BOB, 0, seconds=2)))

    counted = await database.write(lambda conn: rounds.cast(conn, vote(round_, ADA, 2, seconds=3)))

    past = await database.read(lambda conn: rounds.round_with(conn, round_.id))
    assert counted
    assert past is not None
    assert past.votes == [vote(round_, BOB, 0, seconds=2), vote(round_, ADA, 2, seconds=3)]


@pytest.mark.parametrize("slot", [3, -1, 2**70])
async def test_unknown_candidate(database: Database, round_: Round, slot: int) -> None:
    """A vote for what is not offered is not counted."""
    counted = await database.write(lambda conn: rounds.cast(conn, VoteRow(round_.id, ADA, "Ada", slot, NOON)))

    past = await database.read(lambda conn: rounds.round_with(conn, round_.id))
    assert not counted
    assert past is not None
    assert past.votes == []


async def test_late_vote(database: Database, round_: Round) -> None:
    """A vote, a write-in and a new deadline for a round that is over change nothing."""
    await database.write(lambda conn: rounds.cast(conn, vote(round_, ADA, 0)))
    await database.write(lambda conn: finish(conn, round_, 0))
    before = await database.read(lambda conn: rounds.round_with(conn, round_.id))

    counted = await database.write(lambda conn: rounds.cast(conn, vote(round_, ADA, 1)))
    written = await database.write(lambda conn: rounds.add_candidate(conn, CandidateRow(round_.id, 3, "x", (1,), -9)))
    await database.write(lambda conn: rounds.set_deadline(conn, round_.id, after(600)))

    assert (counted, written) == (False, False)
    assert await database.read(lambda conn: rounds.round_with(conn, round_.id)) == before


async def test_write_in(database: Database, round_: Round) -> None:
    """A write-in joins the candidates and can be voted for; a person's second one, or a taken slot, is refused."""
    own = CandidateRow(round_.id, 3, " dragon", (4, 5), -9.5, writer=BOB)

    first = await database.write(lambda conn: rounds.add_candidate(conn, own))
    second = await database.write(
        lambda conn: rounds.add_candidate(conn, CandidateRow(round_.id, 4, " wyrm", (6,), -9.9, writer=BOB))
    )
    taken = await database.write(
        lambda conn: rounds.add_candidate(conn, CandidateRow(round_.id, 3, " owl", (8,), -9.9, writer=CLEO))
    )
    counted = await database.write(lambda conn: rounds.cast(conn, vote(round_, BOB, 3)))

    past = await database.read(lambda conn: rounds.round_with(conn, round_.id))
    assert (first, second, taken, counted) == (True, False, False, True)
    assert past is not None
    assert past.candidates[3:] == [own]


async def test_closed_once(database: Database, story: Story, round_: Round) -> None:
    """Of many who close a round at once, one does, and one unit is appended."""
    closed = await asyncio.gather(
        *(database.write(lambda conn, slot=n % 3: finish(conn, round_, slot)) for n in range(9))
    )

    appended = await database.read(lambda conn: units.every(conn, story.id))
    past = await database.read(lambda conn: rounds.round_with(conn, round_.id))
    assert closed == [True] + [False] * 8
    assert appended == [UnitRow(story.id, 0, round_.id, " a", (100,))]
    assert past is not None
    assert (past.round.state, past.round.winner, past.round.reason, past.round.closed) == (
        "closed",
        0,
        "deadline",
        after(60),
    )


async def test_closed_without_unit(database: Database, story: Story, round_: Round) -> None:
    """A round may close without appending anything."""
    closed = await database.write(lambda conn: rounds.close_round(conn, round_.id, None, "end", None, NOON))

    assert closed
    assert await database.read(lambda conn: units.every(conn, story.id)) == []
    assert await database.read(lambda conn: rounds.current(conn, story.id)) is None


async def test_wrong_unit(database: Database, story: Story, round_: Round) -> None:
    """A unit of another position is refused, and its round stays open."""
    unit = UnitRow(story.id, 1, round_.id, " a", (100,))

    with pytest.raises(ValueError, match="is not of round"):
        await database.write(lambda conn: rounds.close_round(conn, round_.id, 0, "deadline", unit, NOON))

    assert await database.read(lambda conn: rounds.current(conn, story.id)) == round_


async def test_taken_position(database: Database, story: Story, round_: Round) -> None:
    """A position that has its unit is not voted on again."""
    await database.write(lambda conn: finish(conn, round_, 0))

    with pytest.raises(ValueError, match="has a unit at 0"):
        await database.write(lambda conn: ask(conn, story, 0))


async def test_undo(database: Database, story: Story) -> None:
    """Undo takes the last unit back, drops the open round, and the position is voted on in a further attempt."""
    for position in range(2):
        opened = await database.write(lambda conn, at=position: ask(conn, story, at))
        await database.write(lambda conn, past=opened: finish(conn, past, 1))
    await database.write(lambda conn: ask(conn, story, 2))

    undone = await database.write(lambda conn: rounds.undo(conn, story.id, after(90)))
    again = await database.write(lambda conn: ask(conn, story, 1, " other"))

    assert undone is not None
    assert (undone.position, undone.attempt, undone.state, undone.winner) == (1, 1, "undone", 1)
    assert (again.position, again.attempt, again.state) == (1, 2, "open")
    assert [unit.position for unit in await database.read(lambda conn: units.every(conn, story.id))] == [0]
    past = await database.read(lambda conn: rounds.history(conn, story.id))
    assert [(row.round.position, row.round.state) for row in past] == [
        (0, "closed"),
        (1, "undone"),
        (2, "dropped"),
        (1, "open"),
    ]


async def test_nothing_to_undo(database: Database, story: Story, round_: Round) -> None:
    """Undo without a unit changes nothing: the first round stays open."""
    undone = await database.write(lambda conn: rounds.undo(conn, story.id, NOON))

    assert undone is None
    assert await database.read(lambda conn: rounds.current(conn, story.id)) == round_


async def test_deadline(database: Database, story: Story, round_: Round) -> None:
    """A deadline is taken away for a pause and set again after it."""
    await database.write(lambda conn: rounds.set_deadline(conn, round_.id, None))
    paused = await database.read(lambda conn: rounds.current(conn, story.id))
    await database.write(lambda conn: rounds.set_deadline(conn, round_.id, after(300)))

    resumed = await database.read(lambda conn: rounds.current(conn, story.id))

    assert paused is not None
    assert resumed is not None
    assert (paused.deadline, resumed.deadline) == (None, after(300))


async def test_history(database: Database, story: Story) -> None:
    """A story's history has every round with its candidates and votes, and none of another story."""

    async def play(conn: AsyncConnection) -> None:
        other = await start(conn, "web:attic")
        for told in (story, other):
            first = await ask(conn, told, 0, " one", " two")
            await rounds.cast(conn, vote(first, ADA, 1))
            await finish(conn, first, 1)
            second = await ask(conn, told, 1, " three")
            await rounds.cast(conn, vote(second, BOB, 0))

    await database.write(play)

    history = await database.read(lambda conn: rounds.history(conn, story.id))

    assert [[row.text for row in past.candidates] for past in history] == [[" one", " two"], [" three"]]
    assert [[(row.person, row.slot) for row in past.votes] for past in history] == [[(ADA, 1)], [(BOB, 0)]]
    assert {past.round.story for past in history} == {story.id}


async def test_unknown_round(database: Database) -> None:
    """A round that was never there is not found, not voted in and not closed."""
    found = await database.read(lambda conn: rounds.round_with(conn, 2**70))
    counted = await database.write(lambda conn: rounds.cast(conn, VoteRow(5, ADA, "Ada", 0, NOON)))
    closed = await database.write(lambda conn: rounds.close_round(conn, 5, 0, "deadline", None, NOON))

    assert (found, counted, closed) == (None, False, False)


async def test_round_of_nothing(database: Database) -> None:
    """A story that was never there opens no round."""
    with pytest.raises(ValueError, match="story 5 does not run"):
        await database.write(lambda conn: rounds.open_round(conn, 5, 0, 1, NOON, None, words(" a"), True))
