"""Buttons that ask for a line of text, and stories in threads of their own."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from bot.app import Bot
from bot.conversation import Button, Message, NoThreads, Place
from bot.platforms.keyboard import Pipe
from bot.platforms.terminal import PLACE, Terminal
from storage import inbox, stories
from tests.bot.conftest import ADA, BEN, LOBBY, Say
from tests.bot.platforms.serving import serving
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform, Said

CHANNEL = Place("web", "channel", guild="guild")
ASKING = Message("Choose.", (Button("one", "v:1:0"), Button("Write in…", "w:1", asks="Your own candidate")))


async def begun(bot: Bot, say: Say, platform: FakePlatform) -> Said:
    """A story's first ballot."""
    await say("/story start Once upon")
    await bot.tables.settled()
    return platform.newest(LOBBY)


def asking(said: Said) -> Button:
    """The button of a ballot that asks for a line."""
    (button,) = (button for button in said.message.buttons if button.asks)
    return button


class TestWriteIn:
    """«Write in…»."""

    async def test_a_line(self, bot: Bot, say: Say, platform: FakePlatform, clock: FakeClock) -> None:
        """What was written in the form is a write-in on that ballot, with its writer's vote."""
        ballot = await begun(bot, say, platform)

        notice = await bot.press(asking(ballot).action, person=BEN, place=LOBBY, text="dragon")
        clock.advance(5)
        await bot.tables.settled()

        assert notice.text == "«␣dragon» is on the ballot, with your vote."
        assert "␣dragon" in ballot.text

    @pytest.mark.parametrize("text", ["", "   ", "x" * 2_000])
    async def test_no_line(self, bot: Bot, say: Say, platform: FakePlatform, text: str) -> None:
        """A form that comes back empty, or too full, changes nothing and is told so."""
        ballot = await begun(bot, say, platform)
        before = ballot.text

        notice = await bot.press(asking(ballot).action, person=BEN, place=LOBBY, text=text)
        await bot.tables.settled()

        assert notice.text
        assert "on the ballot" not in notice.text
        assert ballot.text == before

    async def test_a_line_that_came_too_late(
        self, bot: Bot, say: Say, platform: FakePlatform, clock: FakeClock
    ) -> None:
        """A form that was open until the round was over is told so."""
        ballot = await begun(bot, say, platform)
        action = asking(ballot).action
        clock.advance(60)
        await bot.tables.settled()

        notice = await bot.press(action, person=BEN, place=LOBBY, text="dragon")

        assert notice.text == "This round is over."

    async def test_a_line_that_comes_twice(self, bot: Bot, say: Say, platform: FakePlatform, clock: FakeClock) -> None:
        """A form that is delivered twice is one write-in."""
        ballot = await begun(bot, say, platform)
        action = asking(ballot).action
        item = await bot.database.write(lambda conn: inbox.receive(conn, "web", "7", {}, clock.now()))

        for _ in range(2):
            notice = await bot.press(action, person=BEN, place=LOBBY, text="dragon", origin=item)

        assert notice.text != "«␣dragon» is on the ballot, with your vote."
        clock.advance(5)
        await bot.tables.settled()
        assert ballot.text.count("␣dragon") == 1


class TestPlatformsWithoutForms:
    """Buttons that ask for a line are left out where there are no forms."""

    async def test_the_room(self, home: Path) -> None:
        """The room shows the others."""
        async with serving(home) as served:
            posted = await served.room.post(LOBBY, Message("…"))
            await served.room.edit(LOBBY, posted, ASKING)
            await served.room.post(LOBBY, ASKING)

            shown = [[button["label"] for button in message["buttons"]] for message in await served.read()]

        assert shown == [["one"], ["one"]]

    async def test_the_terminal(self, bot: Bot) -> None:
        """The terminal numbers the others."""
        out = io.StringIO()
        terminal = Terminal(bot, lines=Pipe(0), console=Console(file=out, markup=False))

        await terminal.post(PLACE, ASKING)

        assert "[1] one" in out.getvalue()
        assert "Write in…" not in out.getvalue()


class Flat(FakePlatform):
    """A platform without threads."""

    async def thread(self, place: Place, title: str) -> Place:
        raise NoThreads


class TestThreads:
    """`/story start thread=true`."""

    async def test_a_thread(self, bot: Bot, say: Say, platform: FakePlatform) -> None:
        """The story stands in a thread of its own, named by its beginning, with the settings of its channel."""
        await say("/settings candidates 3", place=CHANNEL)
        await say("/temperature 0.5", place=CHANNEL)

        (told,) = await say("/story start thread=true Once upon", place=CHANNEL)
        await bot.tables.settled()

        ballot = platform.said[-1]
        assert told.place == CHANNEL
        assert (ballot.place.channel, ballot.place.guild) == ("channel", "guild")
        assert len(ballot.buttons) == 3
        assert await bot.temperature(ballot.place) == 0.5
        notice = await bot.press(ballot.buttons[0].action, person=BEN, place=ballot.place)
        assert notice.text.startswith("You voted for")

    async def test_stories_side_by_side(self, bot: Bot, say: Say) -> None:
        """A channel with a story can have another one in a thread."""
        await say("/story start Once upon", place=CHANNEL)

        await say("/story start thread=true Once upon", place=CHANNEL)

        running = await bot.database.read(stories.all_running)
        assert [story.channel for story in running] == [None, "channel"]

    async def test_no_threads(self, bot: Bot, say: Say) -> None:
        """Where there are no threads, the person alone is told so, and no story begins."""
        bot.register(flat := Flat())

        await say("/story start thread=true Once upon")
        await bot.tables.settled()

        (told,) = flat.said
        assert told.text == "No thread can be opened here; leave thread= out, or ask an admin to let me open threads."
        assert told.private_for == ADA
        assert await bot.database.read(stories.all_running) == []
