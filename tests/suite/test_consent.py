"""What people allow and take back, the same on each platform."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import consents
from tests.storage.builders import given_by
from tests.suite.stage import ADA, BEN, Stage
from tests.suite.telegram import TelegramStage

AGREE, WITHDRAW = "I agree", "Withdraw and delete"
TEXT = "Once upon a midnight there was a letter"


def somebody(stage: Stage) -> str:
    """Who need not be an admin, where there is somebody else."""
    return BEN if stage.several else ADA


async def agreed(stage: Stage) -> list[str]:
    """The people whose consents are open, by the places where they are."""

    async def read(conn: AsyncConnection) -> list[str]:
        statement = select(consents.c.person, consents.c.place).where(consents.c.withdrawn.is_(None))
        return [f"{person} at {place}" for person, place in await conn.execute(statement)]

    return await stage.bot.database.read(read)


async def test_agreeing_and_withdrawing(permitted: Stage) -> None:
    """An admin asks, a person agrees with one press, sees what holds, and takes it back with another."""
    person = somebody(permitted)
    await permitted.says(ADA, "/log on")
    asked = await permitted.until("What is kept")
    await permitted.attentive()

    thanked = await permitted.pressed(person, asked, AGREE)
    (consent,) = await agreed(permitted)
    await permitted.says(person, "/privacy")
    shown = await permitted.until("You have agreed on", person)
    told = await permitted.pressed(person, shown, WITHDRAW)

    assert not asked.private
    assert permitted.remote is False or thanked.startswith("Thank you.")
    assert f" at {permitted.name}:" in consent
    assert shown.private == permitted.discreet
    assert permitted.remote is False or told.startswith("Your consent is withdrawn")
    assert await agreed(permitted) == []


async def test_teaching(permitted: Stage) -> None:
    """A text is kept once its writer has agreed, and everything is deleted when they want it to be."""
    person = somebody(permitted)
    await permitted.says(person, f"/teach {TEXT}")
    asked = await permitted.until("Nothing is kept yet", person)
    await permitted.pressed(person, asked, AGREE)
    await permitted.says(person, f"/teach {TEXT}")
    await permitted.until("The text is kept", person)
    (consent,) = await agreed(permitted)
    read = partial(given_by, vault=permitted.bot.vault, person=consent.partition(" at ")[0])
    (post,) = await permitted.bot.database.read(read)

    await permitted.says(person, "/forgetme")
    question = await permitted.until("It cannot be taken back", person)
    await permitted.pressed(person, question, "Delete everything")

    assert post.text == TEXT
    assert await permitted.bot.database.read(read) == []
    assert await agreed(permitted) == []


async def test_mydata(permitted: Stage) -> None:
    """A person gets their data where nobody else can read it."""
    person = somebody(permitted)
    if isinstance(permitted, TelegramStage):
        await permitted.people[person].starts_bot()
    await permitted.says(person, "/mydata")

    told = await permitted.until(lambda seen: seen.files or "private chat" in seen.text, person)

    if isinstance(permitted, TelegramStage):
        (sent,) = (message for message in _alone(permitted, person) if message.document is not None)
        data = sent.document.data
        assert told.files == ()
    else:
        ((_, data),) = told.files
    assert json.loads(data)["texts"] == []


def _alone(stage: TelegramStage, person: str) -> Sequence[Any]:
    """What the bot has said to one person on Telegram."""
    return stage.telegram.private(stage.people[person]).said


async def test_discord_without_permission(stage: Stage) -> None:
    """On Discord nothing begins without Discord's own permission, and everywhere else nothing needs one."""
    await stage.says(ADA, "/log on")

    told = await stage.until(lambda seen: "discord.training_permission" in seen.text or "What is kept" in seen.text)

    assert ("discord.training_permission" in told.text) is (stage.name == "discord")
