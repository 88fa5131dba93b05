"""Story commands reach the table, with what the place has set."""

from __future__ import annotations

from functools import partial

import pytest

from bot.app import Bot
from generators.completion import Unit
from storage import stories
from storage.stories import Story
from tests.bot.conftest import ADA, BEN, LOBBY, Say
from tests.fakes.platform import FakePlatform


async def running(bot: Bot) -> Story:
    story = await bot.database.read(partial(stories.running, place=LOBBY.key))
    assert story is not None
    return story


async def test_start(bot: Bot, say: Say) -> None:
    """A story begins with the options of the line, and the rest of it as text."""
    (said, *_) = await say("/story start unit=token candidates=3 seconds=30 solo=true temperature=0.5 Once upon", BEN)

    story = await running(bot)
    assert said.private_for is None
    assert (story.unit, story.candidates, story.seconds, story.solo) == (Unit.TOKEN, 3, 30.0, True)
    assert (story.temperature, story.title_text, story.started_by) == (0.5, "Once upon", BEN.key)


async def test_place_decides(bot: Bot, say: Say) -> None:
    """What the line leaves out is the place's to decide."""
    await bot.settings.change(LOBBY, "candidates", 3, by=ADA)
    await bot.settings.change(LOBBY, "unit", Unit.TOKEN, by=ADA)

    await say("/story start Once upon")

    story = await running(bot)
    assert (story.unit, story.candidates, story.seconds, story.temperature) == ("token", 3, 60.0, None)


async def test_ballot(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """A ballot follows, and a press on it is counted."""
    await say("/story start Once upon")
    await bot.tables.settled()
    ballot = next(said for said in platform.said if said.buttons)

    notice = await bot.press(ballot.buttons[0].action, person=BEN, place=LOBBY)

    assert notice.text.startswith("You voted for «")


async def test_second_story(say: Say) -> None:
    """A second story in a place is refused while one runs."""
    await say("/story start Once")

    said = await say("/story start Twice", BEN)

    assert [each.text for each in said if each.private_for == BEN] == [
        "A story is running here already; /story show shows it, /story stop ends it."
    ]


@pytest.mark.parametrize("move", ["join", "pause", "undo", "skip", "stop", "write x"])
async def test_no_story(say: Say, move: str) -> None:
    """A move where no story runs is one private sentence."""
    (said,) = await say(f"/story {move}", BEN)

    assert said.text == "No story is running here; /story start begins one."
    assert said.private_for == BEN


@pytest.mark.parametrize("move", ["pause", "skip", "stop"])
async def test_not_yours(bot: Bot, say: Say, move: str) -> None:
    """Only whoever started a story, or an admin, moves its clock."""
    await say("/story start Once upon", ADA)
    await bot.tables.settled()

    (said,) = await say(f"/story {move}", BEN)

    assert said.text == "Only whoever started the story, or an admin, can do this."


async def test_show_and_export(bot: Bot, say: Say) -> None:
    """The story is shown and given as a file."""
    await say("/story start Once upon")
    await bot.tables.settled()

    (shown,) = await say("/story", BEN)
    (exported,) = await say("/story export html", BEN)

    assert shown.text.startswith("Once upon")
    assert exported.message.attachments[0].name.endswith(".html")


async def test_nothing_to_show(say: Say) -> None:
    """Where there never was a story, nothing can be shown."""
    (said,) = await say("/story show")

    assert said.text == "There has been no story here yet; /story start begins one."


async def test_moves_are_free(bot: Bot, say: Say) -> None:
    """Moves in a story do not count towards the quota, however many there are."""
    await say("/story start Once upon")
    for _ in range(30):
        await say("/story join", BEN)

    (said,) = await say("/status", BEN)

    assert "running here" in said.text


async def test_write_in(bot: Bot, say: Say, platform: FakePlatform) -> None:
    """A write-in and a reply to the ballot are told to their writers alone."""
    await say("/story start Once upon")
    await bot.tables.settled()
    ballot = next(said for said in platform.said if said.buttons)

    written = await say("/story write midnight", BEN)
    before = len(platform.said)
    meant = await bot.reply("tea", person=ADA, place=LOBBY, message=ballot.id, buttons=ballot.buttons)

    assert meant
    assert [said.text[:11] for said in written if said.private_for == BEN] == ["«␣midnight»"]
    assert [said.text[:6] for said in platform.said[before:] if said.private_for == ADA] == ["«␣tea»"]
