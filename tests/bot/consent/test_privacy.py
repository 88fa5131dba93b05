"""Seeing, agreeing, withdrawing and forgetting, as people do it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.app import Bot
from bot.consent import Change, root
from storage import consents, names, texts
from storage import posts as posts_of
from storage.schema import posts
from tests.bot.conftest import BEN, LOBBY, Say
from tests.bot.consent.conftest import AGREE, CLEO, DELETE, HALL, WITHDRAW, Press, Write, kept, tainted, trained, usable


def files_with(home: Path, data: bytes) -> list[str]:
    """Which files of the database have this in them."""
    return [path.name for path in home.glob("planchette.db*") if data in path.read_bytes()]


class TestPrivacy:
    """/privacy."""

    async def test_shows_and_changes(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """It says what holds for a person, and its buttons change that."""
        await say("/log on")
        (before,) = await say("/privacy", BEN)
        await press(before, AGREE, BEN)
        await write("one", BEN)
        (after,) = await say("/privacy", BEN)
        told = await press(after, WITHDRAW, BEN)
        (last,) = await say("/privacy", BEN)

        assert before.private_for == BEN
        assert [button.label for button in before.buttons] == [AGREE]
        assert "You have agreed on 2026-11-01 that what you write is kept." in after.text
        assert "One text of yours is kept here." in after.text
        assert [button.label for button in after.buttons] == [WITHDRAW]
        assert told.text == "Your consent is withdrawn, and one text is deleted."
        assert "You have not agreed here" in last.text
        assert await kept(bot) == []

    async def test_names(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """How somebody is called is known as long as they agree, and of others never."""
        known = partial(names.of_place, vault=bot.vault, place=root(LOBBY))
        (asked,) = await say("/log on")
        await press(asked, AGREE, BEN)
        await write("one", replace(BEN, name="Benjamin"))
        await write("two", CLEO)
        agreeing = await bot.database.read(known)
        await press(asked, WITHDRAW, BEN)
        await write("three", BEN)

        assert agreeing == {"Ben", "Benjamin"}
        assert await bot.database.read(known) == set()

    async def test_agreeing_twice(self, say: Say, press: Press) -> None:
        """A second press changes nothing and says so."""
        (asked,) = await say("/log on")
        await press(asked, AGREE, BEN)

        told = await press(asked, AGREE, BEN)

        assert told.text == "You have agreed to this already; /privacy shows and ends it."

    async def test_agreeing_anew_at_once(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """Whoever withdraws and agrees again in one moment has agreed anew, which allows nothing from before."""
        (asked,) = await say("/log on")
        await press(asked, AGREE, BEN)
        await write("one", BEN)
        (before,) = await kept(bot)
        for label in (WITHDRAW, AGREE, WITHDRAW, AGREE):
            await press((await say("/privacy", BEN))[0], label, BEN)

        await bot.database.write(partial(posts_of.add, vault=bot.vault, given=[before]))

        assert await usable(bot) == []

    async def test_nothing_to_withdraw(self, say: Say, press: Press) -> None:
        """Who has not agreed has nothing to withdraw."""
        (asked,) = await say("/log on")

        told = await press(asked, WITHDRAW, BEN)

        assert told.text == "There was nothing to withdraw: you had not agreed here, and nothing is kept."

    async def test_agreeing_to_nothing(self, bot: Bot, say: Say, press: Press) -> None:
        """Where the log was turned off nobody can agree to it."""
        (asked,) = await say("/log on")
        await say("/log off")

        told = await press(asked, AGREE, BEN)

        assert told.text.startswith("Nothing is collected in this channel")
        assert await bot.database.read(lambda conn: consents.of_place(conn, root(LOBBY))) == {}

    @pytest.mark.parametrize(
        "action", ["c:", "c:a:", "c:a:1", "c:a:999", "c:a:365000", "c:a:999999999999", "c:x", "c:w:1"]
    )
    async def test_buttons_of_nobody(self, bot: Bot, say: Say, action: str) -> None:
        """A made-up button, or one that does not say for how long, changes nothing."""
        await say("/log on")

        await bot.press(action, person=BEN, place=LOBBY)

        assert await bot.database.read(lambda conn: consents.of_person(conn, BEN.key)) == []


class TestWithdrawing:
    """What follows a withdrawal."""

    async def test_models(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """Models that learned from the text, and theirs, are tainted; others are not; whoever watches is told."""
        changes: list[Change] = []

        async def watch(change: Change) -> None:
            changes.append(change)

        bot.consents.watch(watch)
        (asked,) = await say("/log on")
        for person in (BEN, CLEO):
            await press(asked, AGREE, person)
            await write(person.name, person)
        await trained(bot, "both", BEN, CLEO)
        await trained(bot, "child", base="both@1")
        await trained(bot, "cleo", CLEO)

        told = await press(asked, WITHDRAW, BEN)

        assert told.text.splitlines()[1].startswith("2 versions of models learned from them;")
        assert [await tainted(bot, name) for name in ("both", "child", "cleo")] == [True, True, False]
        assert (changes[-1].person, changes[-1].withdrawn) == (BEN.key, True)
        assert {model.name for model in changes[-1].tainted} == {"both@1", "child@1"}
        assert await usable(bot) == ["Cleo"]

    async def test_only_here(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """Withdrawn in one channel, the other keeps what it has."""
        for place in (LOBBY, HALL):
            (asked,) = await say("/log on", place=place)
            await press(asked, AGREE, BEN)
            await write(f"in {place.id}", BEN, place)

        await press(asked, WITHDRAW, BEN)

        assert await usable(bot, HALL) == []
        assert await usable(bot, LOBBY) == ["in lobby"]

    async def test_leaves_the_files(self, bot: Bot, home: Path, say: Say, press: Press, write: Write) -> None:
        """The sealed text itself is in no file of the database any more."""
        (asked,) = await say("/log on")
        await press(asked, AGREE, BEN)
        await write("a secret", BEN)
        sealed: bytes = await bot.database.read(lambda conn: conn.scalar(select(posts.c.sealed)))
        before = files_with(home, sealed)

        await press(asked, WITHDRAW, BEN)

        assert before
        assert files_with(home, sealed) == []

    async def test_a_watcher_that_fails(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """What is withdrawn stays withdrawn, whatever happens to those who are told."""

        async def fail(change: Change) -> None:
            raise RuntimeError(change)

        bot.consents.watch(fail)
        (asked,) = await say("/log on")
        await press(asked, AGREE, BEN)
        await write("one", BEN)

        told = await press(asked, WITHDRAW, BEN)

        assert told.text == "Your consent is withdrawn, and one text is deleted."
        assert await kept(bot) == []


class TestForgetting:
    """/forgetme."""

    async def test_everywhere(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """Asked once more, everything everywhere is deleted, and models that learned from it are tainted."""
        for place in (LOBBY, HALL):
            (asked,) = await say("/log on", place=place)
            await press(asked, AGREE, BEN)
            await write(f"in {place.id}", BEN, place)
        await trained(bot, "ours", BEN)
        (asked,) = await say("/forgetme", BEN)
        assert len(await kept(bot)) == 1

        told = await press(asked, DELETE, BEN)

        assert asked.private_for == BEN
        assert told.text.startswith("You are forgotten")
        assert await kept(bot) == await kept(bot, HALL) == []
        assert await bot.database.read(lambda conn: consents.of_person(conn, BEN.key)) == []
        assert await tainted(bot, "ours")

    async def test_asks_once(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """The question counts the texts of all places, and who thinks better of it loses nothing."""
        (empty,) = await say("/forgetme", BEN)
        for place in (LOBBY, HALL):
            (asked,) = await say("/log on", place=place)
            await press(asked, AGREE, BEN)
            await write(f"in {place.id}", BEN, place)
        (question,) = await say("/forgetme", BEN)

        told = await press(question, "Never mind", BEN)

        assert empty.text.endswith("No text of yours is kept to be learnt from.")
        assert question.text.endswith("2 texts of yours are kept to be learnt from, everywhere together.")
        assert told.text == "Nothing was deleted."
        assert len(await kept(bot)) == len(await kept(bot, HALL)) == 1

    async def test_prompts(self, bot: Bot, say: Say, press: Press) -> None:
        """What somebody asked a model to write on goes too, also where others have gone on with it since."""
        await say("/generate The lamp of Ben", BEN)
        await say("/continue")
        await say("/retry")
        await say("/generate The lamp of Ada", place=HALL)
        (asked,) = await say("/forgetme", BEN)

        await press(asked, DELETE, BEN)

        left = [await bot.database.read(partial(texts.last, place=place.key)) for place in (LOBBY, HALL)]
        assert [text and text.request["before"] for text in left] == [None, "The lamp of Ada"]

    async def test_another_persons_button(self, bot: Bot, say: Say, press: Press, write: Write) -> None:
        """A press on somebody else's button deletes nothing of anybody."""
        (asked,) = await say("/log on")
        for person in (BEN, CLEO):
            await press(asked, AGREE, person)
            await write(person.name, person)
        (question,) = await say("/forgetme", BEN)

        told = await press(question, DELETE, CLEO)

        assert told.text == "This button is somebody else's; /forgetme gives you one of your own."
        assert await usable(bot) == ["Ben", "Cleo"]
