"""A relay whose model takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.games.relay import RELAY
from generators.scripted import Pace, ScriptedGenerator
from storage.database import Database
from tests.bot.games.conftest import ADA, CLEO, LOBBY
from tests.bot.games.relay.conftest import SCRIPT, Ring
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.patience import PATIENCE


@pytest.fixture
def pace() -> Pace:
    """Lets the model go step by step."""
    return Pace()


@pytest.fixture
async def slow(database: Database, platform: FakePlatform, pace: Pace) -> AsyncIterator[Ring]:
    """A lobby whose model takes its time; Ada has written."""
    generator = ScriptedGenerator(SCRIPT, pace=pace)
    ring = Ring(database, generator, platform, FakeClock())
    await ring.start()
    await ring.games.act(RELAY, LOBBY, "write", ADA, text="The king slept.")
    yield ring
    await ring.games.close()
    await generator.close()


async def until(ring: Ring, words: str, *, passing: float = 0) -> None:
    """Returns once the newest message has these words; so many seconds pass with each look at it."""
    async with asyncio.timeout(PATIENCE):
        while words not in ring.newest.text:
            ring.clock.advance(passing)
            await asyncio.sleep(0.005)


async def test_slow_model(slow: Ring, pace: Pace) -> None:
    """While a model takes its time, the message says that it writes, and people can join meanwhile."""
    await until(slow, "The model is writing…", passing=1)
    assert [button.label for button in slow.newest.message.buttons] == ["Join"]

    await slow.games.act(RELAY, LOBBY, "join", CLEO)
    pace.free()

    await until(slow, "It is Ben's turn")
    match = await slow.match()
    assert match.text == "The king slept. He dreamt of soup."
    assert [player.name for player in match.players] == ["Ada", "Ben", "Cleo"]


async def test_stopped_while_the_model_writes(slow: Ring) -> None:
    """A relay that is stopped ends at once; nobody waits for the model."""
    await slow.games.act(RELAY, LOBBY, "stop", ADA)

    await until(slow, "The end.")
    assert (await slow.match()).text == "The king slept."


async def test_skipped_while_the_model_writes(slow: Ring, pace: Pace) -> None:
    """Where the model's turn is skipped, its sentence comes too late."""
    await slow.games.act(RELAY, LOBBY, "skip", ADA)
    await until(slow, "It is Ben's turn")

    pace.free()
    await slow.games.settled()

    assert (await slow.match()).text == "The king slept."
