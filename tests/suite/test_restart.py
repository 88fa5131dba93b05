"""What outlives the process and the connection, on each platform."""

from __future__ import annotations

from storage import rounds, stories, units
from tests.suite.stage import ADA, BEN, Stage

BEGIN = "/story start candidates=3 seconds=600 Once upon"


async def cast(stage: Stage) -> dict[str, int]:
    """Who has voted for what in the open round."""
    (story,) = await stage.bot.database.read(stories.all_running)
    open_round = await stage.bot.database.read(lambda conn: rounds.current(conn, story.id))
    assert open_round is not None
    past = await stage.bot.database.read(lambda conn: rounds.round_with(conn, open_round.id))
    assert past is not None
    return {vote.name: vote.slot for vote in past.votes}


async def test_votes_outlive_the_process(stage: Stage) -> None:
    """After a restart a round goes on with its votes, and its ballot can be pressed."""
    await stage.says(ADA, BEGIN)
    ballot = await stage.ballot()
    await stage.votes(ADA, ballot, 1)

    await stage.restart()

    assert list((await cast(stage)).values()) == [1]
    again = await stage.ballot()
    assert "Your vote is now for" in await stage.votes(ADA, again, 0)
    assert list((await cast(stage)).values()) == [0]


async def test_buttons_outlive_the_process(crowd: Stage) -> None:
    """The ballot of the process before still counts votes for its round."""
    await crowd.says(ADA, BEGIN)
    ballot = await crowd.ballot()

    await crowd.restart()

    assert "You voted for" in await crowd.votes(BEN, ballot)
    assert await cast(crowd) == {BEN: 0}


async def test_a_lost_connection(remote: Stage) -> None:
    """A connection that breaks in the middle of a round is made again; votes before and after it count once."""
    await remote.says(ADA, BEGIN)
    ballot = await remote.ballot()
    await remote.votes(ADA, ballot)

    await remote.lose_connection()

    assert "You voted for" in await remote.votes(BEN, ballot)
    second = await remote.until(lambda seen: seen.candidates, after=None)
    assert second.text.startswith("Once upon")
    assert await cast(remote) == {ADA: 0, BEN: 0}


async def test_the_text_outlives_the_process(stage: Stage) -> None:
    """What was chosen before a restart stands in the story after it."""
    await stage.says(ADA, BEGIN)
    await stage.ballot()
    await stage.says(ADA, "/story skip")
    second = await stage.until(lambda seen: seen.candidates and "Round 2" in seen.text)

    await stage.restart()

    again = await stage.until(lambda seen: seen.candidates and "Round 2" in seen.text)
    assert again.text.partition("\n\n")[0] == second.text.partition("\n\n")[0]
    (story,) = await stage.bot.database.read(stories.all_running)
    assert len(await stage.bot.database.read(lambda conn: units.every(conn, story.id))) == 1
