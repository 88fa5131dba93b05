"""What is being played with a channel's model when somebody withdraws."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import Bot
from bot.configuration import load_configuration
from bot.lineages.withholding import Withholding
from bot.visibility import OutOfUse
from generators.completion import CompletionRequest
from generators.local import LocalGenerator, Shelf
from tests.bot.conftest import ADA, LOBBY
from tests.bot.lineage import learn, withdraw
from tests.fakes.clock import FakeClock
from tests.fakes.models import save_tiny
from tests.fakes.platform import FakePlatform


@pytest.fixture
async def bot(home: Path, platform: FakePlatform, clock: FakeClock) -> AsyncIterator[Bot]:
    """A bot with one model of the operator's."""
    save_tiny(home / "models" / "tales" / "1")
    generator = LocalGenerator([Shelf(home / "models")])
    bot = await Bot.open(load_configuration(home), generator=generator, clock=clock)
    bot.register(platform)
    await bot.resume()
    yield bot
    await bot.close()


async def test_a_story(bot: Bot, platform: FakePlatform, clock: FakeClock) -> None:
    """A story's model writes no more from that moment on, even where its files are still there, as on a host."""
    await learn(bot, LOBBY, "aa", people=["web:Ben"])
    await bot.invoke("/story start model=web-lobby@aa Once", person=ADA, place=LOBBY)
    await bot.tables.settled()
    await bot.invoke("/story write upon", person=ADA, place=LOBBY)

    await withdraw(bot, "web:Ben", LOBBY)
    clock.advance(120)
    await bot.tables.settled()

    (said,) = [each for each in platform.of(LOBBY) if "The story is paused." in each.text]
    assert said.text.endswith(
        "The story is paused. The model web-lobby in version aa, which this story is written with, learnt from "
        "somebody who has withdrawn that, so it writes no more. /story export keeps the text, /story stop ends the "
        "story."
    )
    assert said.buttons == ()


async def test_any_game(bot: Bot) -> None:
    """Whatever asks for a tainted version by the name that it has kept gets nothing; others write on."""
    await learn(bot, LOBBY, "aa", people=["web:Ben"])
    generator = Withholding(bot.generator, bot.database)

    await withdraw(bot, "web:Ben", LOBBY)

    with pytest.raises(OutOfUse):
        async with generator.complete(CompletionRequest(model="web-lobby@aa", max_tokens=0)):
            pass
    async with generator.complete(CompletionRequest(model="tales@1", max_tokens=0)) as events:
        assert [event async for event in events]
