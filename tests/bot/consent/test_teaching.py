"""Texts that people give, and how long what they gave may be used."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from bot.app import Bot
from bot.consent import wording
from bot.consent.actions import Agree
from bot.consent.wording import Wording
from storage import posts
from tests.bot.conftest import BEN, LOBBY, Say
from tests.bot.consent.conftest import AGREE, CLEO, WITHDRAW, Press, Write, kept, usable
from tests.fakes.clock import FakeClock


class TestTeaching:
    """/teach."""

    async def test_asks_first(self, bot: Bot, say: Say, press: Press) -> None:
        """The first text is not kept before the person has agreed; then each is, privately."""
        (asked,) = await say("/teach Once upon a time", BEN)
        assert await kept(bot) == []
        await press(asked, AGREE, BEN)
        (told,) = await say("/teach Once upon a time", BEN)

        assert (asked.private_for, told.private_for) == (BEN, BEN)
        assert told.text.startswith("The text is kept")
        assert await usable(bot) == ["Once upon a time"]

    async def test_a_form(self, bot: Bot, say: Say, press: Press) -> None:
        """Where there are forms, one press agrees and gives a text."""
        (asked,) = await say("/teach Once", BEN)

        told = await press(asked, "Agree and give a text…", BEN, text="Twice upon a time")

        assert told.text.startswith("The text is kept")
        assert await usable(bot) == ["Twice upon a time"]

    async def test_texts_only(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """Who agrees to give texts has not agreed that their messages are collected."""
        await say("/log on")
        (asked,) = await say("/teach Once", BEN)
        await press(asked, AGREE, BEN)
        await write("in the channel", BEN)

        assert await kept(bot) == []

    async def test_more_later(self, bot: Bot, say: Say, press: Press, write: Write, clock: FakeClock) -> None:
        """Who agrees to more keeps what they gave before, and it is theirs to withdraw as one."""
        (log_asked,) = await say("/log on")
        (asked,) = await say("/teach Once", BEN)
        await press(asked, AGREE, BEN)
        await say("/teach Once", BEN)
        await write("between", BEN)
        clock.advance(60)
        await press(log_asked, AGREE, BEN)
        await write("after", BEN)

        assert await usable(bot) == ["Once", "after"]
        await press(log_asked, WITHDRAW, BEN)
        assert await kept(bot) == []

    async def test_less_than_before(self, bot: Bot, say: Say, press: Press) -> None:
        """Who agreed to everything need not agree to texts."""
        (log_asked,) = await say("/log on")
        await press(log_asked, AGREE, BEN)

        (told,) = await say("/teach Once", BEN)

        assert told.text.startswith("The text is kept")
        assert await usable(bot) == ["Once"]

    @pytest.mark.parametrize("text", ["\u200b", "a\u202eb"])
    async def test_no_text(self, bot: Bot, say: Say, press: Press, text: str) -> None:
        """What cannot be seen or stored is refused before anybody is asked anything."""
        (told,) = await say(f"/teach {text}", BEN)

        assert told.buttons == ()
        assert await kept(bot) == []


class TestRetention:
    """What people were told about how long."""

    async def test_fewer_days_were_told(self, bot: Bot, say: Say, press: Press, write: Write, clock: FakeClock) -> None:
        """Who was told fewer days than are set now has their messages deleted after those, and nobody else has."""
        (asked,) = await say("/log on")
        await press(asked, AGREE, CLEO)
        await bot.press(str(Agree(Wording(wording.LOG, 30).number)), person=BEN, place=LOBBY)
        for person in (BEN, CLEO):
            await write(f"by {person.name}", person)
        clock.advance(31 * 86_400)

        for days, told in await bot.consents.terms():
            sweep = partial(posts.delete_before, at=clock.now() - timedelta(days=days), told=told)
            await bot.database.write(sweep)

        assert [post.text for post in await kept(bot)] == ["by Cleo"]

    async def test_too_old(self, bot: Bot, say: Say, press: Press, write: Write, clock: FakeClock) -> None:
        """What is older than its writer was told is not used, even before it is swept away."""
        (asked,) = await say("/log on")
        await press(asked, AGREE, BEN)
        await write("old", BEN)
        clock.advance(365 * 86_400)
        await write("new", BEN)

        assert await usable(bot) == ["new"]
