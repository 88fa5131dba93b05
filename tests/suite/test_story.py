"""A story and its votes, the same on each platform."""

from __future__ import annotations

import json
from typing import Literal

import pytest

from tests.suite.stage import ADA, BEN, CLEO, Stage

BEGIN = "/story start candidates=3 seconds=60 Once upon"


async def test_a_whole_story(crowd: Stage) -> None:
    """Three people vote a story to its end: each round closes when all have voted, and what won stands in the text."""
    await crowd.says(ADA, BEGIN)
    ballot = await crowd.ballot()
    assert ballot.text.startswith("Once upon")
    assert len(ballot.candidates) == 3
    for person in (ADA, BEN, CLEO):
        assert "You voted for" in await crowd.votes(person, ballot)
    await crowd.says(ADA, "/story skip")
    for word in ("Round 2", "Round 3"):
        ballot = await crowd.until(lambda seen, word=word: seen.candidates and word in seen.text)  # type: ignore[misc]
        for person in (ADA, BEN, CLEO):
            await crowd.votes(person, ballot)
    ballot = await crowd.until(lambda seen: seen.candidates and "Round 4" in seen.text)
    await crowd.says(ADA, "/story stop")

    ended = await crowd.until("The end.")
    story = ballot.text.partition("\n\n")[0]
    assert ended.text.startswith(story)
    assert story.startswith("Once upon a")
    assert all(name in ended.text for name in (ADA, BEN, CLEO))


async def test_alone(stage: Stage) -> None:
    """With solo the first press closes the round."""
    await stage.says(ADA, BEGIN.replace("candidates", "solo=true candidates"))
    ballot = await stage.ballot()
    word = ballot.candidates[0].partition(" · ")[0].replace("␣", " ")

    await stage.votes(ADA, ballot)

    second = await stage.until(lambda seen: seen.candidates and "Round 2" in seen.text)
    assert second.text.startswith(f"Once upon{word}")


async def test_another_vote(stage: Stage) -> None:
    """A vote may be changed, and pressing twice counts once."""
    await stage.says(ADA, BEGIN)
    ballot = await stage.ballot()

    told = [await stage.votes(ADA, ballot, number) for number in (0, 0, 1)]

    assert "You voted for" in told[0]
    assert "already" in told[1]
    assert "Your vote is now for" in told[2]


async def test_a_late_press(stage: Stage) -> None:
    """A press on a round that is over says so."""
    await stage.says(ADA, BEGIN)
    first = await stage.ballot()
    await stage.says(ADA, "/story skip")
    await stage.until(lambda seen: seen.candidates and "Round 2" in seen.text)

    if stage.name != "terminal":  # where numbers always mean the newest ballot
        assert "over" in await stage.votes(ADA, first)


async def test_write_ins(crowd: Stage) -> None:
    """A write-in comes by command or by a reply to the ballot, and is its writer's vote."""
    await crowd.says(ADA, BEGIN)
    ballot = await crowd.ballot()

    await crowd.says(ADA, "/story write the sleeping hill")
    await crowd.replies(BEN, ballot, "a paper moon")

    both = await crowd.until(
        lambda seen: (
            any("sleeping hill" in label for label in seen.buttons)
            and any("paper moon" in label for label in seen.buttons)
        )
    )
    assert both.text.count("(written in)") == 2


async def test_pause_undo_and_go_on(stage: Stage) -> None:
    """A story can be paused, taken back by a word, and goes on with a press."""
    await stage.says(ADA, BEGIN)
    await stage.ballot()
    await stage.says(ADA, "/story skip")
    second = await stage.until(lambda seen: seen.candidates and "Round 2" in seen.text)
    await stage.says(ADA, "/story undo")
    first = await stage.until(lambda seen: seen.candidates and "Round 1" in seen.text, after=second)
    await stage.says(ADA, "/story pause")
    await stage.until("paused")

    told = await stage.votes(ADA, first)

    assert "goes on" in told


async def test_only_one_story(stage: Stage) -> None:
    """A place has one running story; another beginning says so and changes nothing."""
    await stage.says(ADA, BEGIN)
    await stage.ballot()

    await stage.says(ADA, "/story start Another one")

    told = await stage.until("already")
    assert told.private == stage.discreet


@pytest.mark.parametrize("form", ["md", "json", "html"])
async def test_export(stage: Stage, form: Literal["md", "json", "html"]) -> None:
    """The story comes as a file."""
    await stage.says(ADA, BEGIN)
    ballot = await stage.ballot()
    await stage.says(ADA, "/story skip")
    await stage.until(lambda seen: seen.candidates and "Round 2" in seen.text, after=ballot)

    await stage.says(ADA, f"/story export {form}")

    answer = await stage.until(lambda seen: seen.files)
    ((name, data),) = answer.files
    assert name.endswith(f".{form}")
    assert "Once upon" in data.decode()
    if form == "json":
        assert json.loads(data)


async def test_not_theirs(ruled: Stage) -> None:
    """Who did not begin a story, and is no admin, can neither pause nor end it."""
    await ruled.says(ADA, BEGIN)
    await ruled.ballot()

    for command in ("pause", "undo", "skip", "stop"):
        await ruled.says(BEN, f"/story {command}")

    await ruled.until("admin", BEN)
    assert (await ruled.ballot()).candidates


async def test_shown_again(stage: Stage) -> None:
    """/story show tells where the story stands, without buttons that would outlive the round."""
    await stage.says(ADA, BEGIN)
    ballot = await stage.ballot()

    await stage.says(ADA, "/story show")

    shown = await stage.until("Round 1", after=ballot)
    assert shown.text.startswith("Once upon")
    assert shown.candidates == ()
