"""How the bot answers."""

from __future__ import annotations

import pytest

from bot.app import Bot
from bot.commands.declaration import Command, Permission
from bot.commands.invocation import Answer, Invocation
from bot.conversation import Message, Person
from bot.games.clock import SystemClock
from bot.outbox import Outbox
from tests.bot.conftest import ADA, BEN, LOBBY, Ticks
from tests.fakes.platform import FakePlatform


@pytest.fixture
def invocation(bot: Bot, platform: FakePlatform) -> Invocation:
    command = bot.commands.get("temperature")
    assert isinstance(command, Command)
    return Invocation(bot, BEN, LOBBY, command, bot.outboxes[platform.name], reply_to="7")


async def answered(platform: FakePlatform, ticks: Ticks) -> Answer:
    posted = await platform.post(LOBBY, Message("a"))
    return Answer(Outbox(platform, SystemClock()), LOBBY, posted, Message("a"), ticks)


async def test_edits_keep_the_pace(platform: FakePlatform, ticks: Ticks) -> None:
    """Edits that come faster than the platform allows are left out, and the last state is always sent."""
    answer = await answered(platform, ticks)

    for text in ("ab", "abc"):
        await answer.edit(Message(text))
    ticks.now += platform.edit_seconds
    for text in ("abcd", "abcde"):
        await answer.edit(Message(text))
    await answer.finish(Message("abcdef"))

    (said,) = platform.said
    assert [message.text for message in said.before] == ["a", "abcd"]
    assert said.text == "abcdef"


async def test_nothing_new(platform: FakePlatform, ticks: Ticks) -> None:
    """What is shown already is not sent again: Telegram calls that an error."""
    answer = await answered(platform, ticks)

    await answer.finish(Message("a"))

    assert platform.said[0].before == []


async def test_sentences_and_messages(invocation: Invocation, platform: FakePlatform) -> None:
    """A sentence takes its facts, a message is shown as it is, braces and all."""
    await invocation.answer("{count} texts.", count=2)
    await invocation.answer(Message("{count} texts."))

    assert [said.text for said in platform.said] == ["2 texts.", "{count} texts."]
    assert [said.reply_to for said in platform.said] == ["7", "7"]


async def test_privately(invocation: Invocation, platform: FakePlatform) -> None:
    """A private answer is for the person who asked."""
    await invocation.answer_privately("Hush.")

    assert platform.said[0].private_for == BEN


@pytest.mark.parametrize(
    ("person", "permission", "who_sets", "expected"),
    [
        (BEN, Permission.ALL, "admins", True),
        (BEN, Permission.STARTER, "admins", True),
        (BEN, Permission.MANAGE, "admins", False),
        (BEN, Permission.MANAGE, "all", True),
        (BEN, Permission.ADMIN, "all", False),
        (ADA, Permission.MANAGE, "admins", True),
        (ADA, Permission.ADMIN, "admins", True),
    ],
)
async def test_permissions(
    bot: Bot, platform: FakePlatform, person: Person, permission: Permission, who_sets: str, expected: bool
) -> None:
    """Admins may do everything; others manage a place only where it lets all of them."""
    command = bot.commands.get("temperature")
    assert isinstance(command, Command)
    await bot.settings.change(LOBBY, "who_sets", who_sets, by=ADA)

    permitted = await Invocation(bot, person, LOBBY, command, platform).permits(permission)

    assert permitted is expected
