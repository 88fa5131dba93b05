"""Texts that people give, and how long what they gave may be used."""

from __future__ import annotations

import pytest

from bot.app import Bot
from bot.consent import wording
from bot.consent.actions import Agree
from bot.consent.wording import Wording
from tests.bot.conftest import BEN, LOBBY, Say
from tests.bot.consent.conftest import AGREE, WITHDRAW, Press, Write, kept, usable
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

    async def test_fewer_days_were_told(self, bot: Bot, say: Say) -> None:
        """As long as somebody agrees who was told fewer days than are set now, those hold."""
        await say("/log on")
        assert await bot.consents.retention() == 365

        await bot.press(str(Agree(Wording(wording.LOG, 30).number)), person=BEN, place=LOBBY)

        assert await bot.consents.retention() == 30

    async def test_too_old(self, bot: Bot, say: Say, press: Press, write: Write, clock: FakeClock) -> None:
        """What is older than its writer was told is not used, even before it is swept away."""
        (asked,) = await say("/log on")
        await press(asked, AGREE, BEN)
        await write("old", BEN)
        clock.advance(365 * 86_400)
        await write("new", BEN)

        assert await usable(bot) == ["new"]
