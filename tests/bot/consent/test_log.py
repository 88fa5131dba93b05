"""/log, and the asking that goes with it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from bot.app import Bot
from bot.consent import wording
from bot.consent.actions import Agree
from bot.consent.wording import Wording
from bot.conversation import Person, Place
from storage import audit, consents, logs
from storage.logs import Log
from tests.bot.conftest import ADA, BEN, LOBBY, THREAD, Say
from tests.bot.consent.conftest import AGREE, CLEO, WITHDRAW, Press, Write, kept, usable
from tests.fakes.platform import FakePlatform


class TestLog:
    """/log."""

    async def test_asks(self, say: Say) -> None:
        """An admin turns it on, and everybody is asked by a message with buttons that says what holds."""
        (asked,) = await say("/log on")

        assert asked.private_for is None
        assert "What is kept" in asked.text
        assert "365 days" in asked.text
        assert [button.label for button in asked.buttons] == [AGREE, WITHDRAW]

    async def test_only_who_agrees_and_only_from_then_on(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """What somebody says is kept from the moment they agree; nothing of anybody else, and nothing from before."""
        await write("before the log", BEN)
        (asked,) = await say("/log on")
        await write("before the consent", BEN)
        told = await press(asked, AGREE, BEN)
        await write("after the consent", BEN)
        await write("of somebody else", CLEO)

        assert told.text.startswith("Thank you.")
        assert await usable(bot) == [post.text for post in await kept(bot)] == ["after the consent"]

    async def test_others_cannot(self, bot: Bot, say: Say) -> None:
        """Only an admin turns it on."""
        (told,) = await say("/log on", BEN)

        assert "Only an admin" in told.text
        assert not bot.collecting.wants(LOBBY)

    async def test_its_past(self, bot: Bot, say: Say) -> None:
        """The past of a channel is read once it is logged for the first time, and never of when its log was off."""
        imported = Log(LOBBY.key, None, False, bot.clock.now(), "terminal:you", permission="asked everybody")
        await bot.database.write(partial(logs.turn, log=imported))

        async def history() -> dict[str, Any] | None:
            found = await bot.database.read(partial(logs.get, place=LOBBY.key))
            assert found is not None
            assert found.history is None or found.history["barred"] == bot.clock.now().isoformat()
            return found.history

        await say("/log on")
        first = await history()
        await say("/log off")
        again = replace(imported, history=await history())
        await bot.database.write(partial(logs.turn, log=again))
        await say("/log on")

        assert first is None
        assert await history() is not None

    async def test_off(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """Turned off, nothing more is collected, and what was is deleted."""
        (asked,) = await say("/log on")
        await press(asked, AGREE, BEN)
        await write("one", BEN)
        (told,) = await say("/log off")
        await write("two", BEN)

        assert told.text == "Nothing more is collected in this channel, and one message is deleted."
        assert await kept(bot) == []
        assert [
            (entry.action, entry.facts) for entry in await bot.database.read(lambda c: audit.entries(c, LOBBY.key))
        ] == [
            ("log off", {"deleted": 1}),
            ("log on", {}),
        ]

    async def test_off_twice(self, say: Say) -> None:
        """What is off stays off."""
        (told,) = await say("/log off")

        assert told.text == "Nothing is collected in this channel."

    async def test_status(self, say: Say, press: Press, write: Write) -> None:
        """An admin sees how many people agree, and how much is kept."""
        (asked,) = await say("/log on")
        await press(asked, AGREE, BEN)
        await write("one", BEN)
        (told,) = await say("/log status")

        assert told.private_for == ADA
        assert told.text.splitlines()[1:] == ["One person agrees.", "One text is kept."]

    async def test_threads(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """A thread belongs to its channel: asked there, agreed here, it is one place."""
        channel = Place("web", "channel", guild="guild")
        (asked,) = await say("/log on", place=THREAD)
        await press(asked, AGREE, BEN)
        await write("in the channel", BEN, channel)

        (post,) = await kept(bot, channel)
        assert (post.place, post.guild) == ("web:channel", "web:guild")

    async def test_turned_on_again(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """A consent outlives the log's being off, and what was said meanwhile is not kept."""
        (asked,) = await say("/log on")
        await press(asked, AGREE, BEN)
        await say("/log off")
        await write("meanwhile", BEN)
        await say("/log on")
        await write("again", BEN)

        assert await usable(bot) == ["again"]


class TestDiscord:
    """Where only the platform's own permission opens the gate."""

    @pytest.fixture
    def discord(self, bot: Bot) -> FakePlatform:
        bot.register(discord := FakePlatform("discord"))
        return discord

    @pytest.mark.parametrize("line", ["/log on", "/teach Once upon a time"])
    async def test_without(self, say: Say, discord: FakePlatform, line: str) -> None:
        """Without it an admin and a person are told what is missing, and nothing is kept or asked."""
        await say(line, Person("discord", "1", "Ada", admin=True), Place("discord", "2", guild="3"))

        (told,) = discord.said
        assert "discord.training_permission" in told.text
        assert told.buttons == ()

    async def test_a_button_of_another_time(self, bot: Bot, discord: FakePlatform) -> None:
        """Nor can anybody agree with a button that stayed."""
        person, place = Person("discord", "1", "Ada"), Place("discord", "2", guild="3")
        notice = await bot.press(str(Agree(Wording(wording.LOG, 365).number)), person=person, place=place)

        assert "discord.training_permission" in notice.text
        assert await bot.database.read(lambda conn: consents.of_person(conn, person.key)) == []
