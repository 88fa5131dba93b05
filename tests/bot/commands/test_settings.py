"""Showing and setting what a place has set."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from bot.app import Bot
from bot.configuration import load_configuration
from bot.places import SETTINGS
from generators.completion import CompletionRequest, Event
from generators.scripted import ScriptedGenerator
from storage import audit
from tests.bot.conftest import ADA, BEN, LOBBY, THREAD, Say
from tests.fakes.platform import FakePlatform


async def test_temperature_is_shown_privately(say: Say) -> None:
    """Without a value the temperature is shown, to that person only."""
    (said,) = await say("/temperature", BEN)

    assert said.text == "temperature is 1 here, scripted's own; nobody has set another."
    assert said.private_for == BEN


async def test_temperature_is_set_publicly(bot: Bot, say: Say) -> None:
    """An admin's value is set, told to all, and audited."""
    (said,) = await say("/temperature 0.7")

    assert (said.text, said.private_for) == ("The temperature here is now 0.7.", None)
    assert (await bot.settings.get(LOBBY)).temperature == 0.7
    assert len(await bot.database.read(lambda conn: audit.entries(conn, LOBBY.key))) == 1


async def test_temperature_is_unset(bot: Bot, say: Say) -> None:
    """The word default unsets it."""
    await say("/temperature 0.7")

    (said,) = await say("/temperature default")

    assert said.text == "temperature is 1 here, scripted's own; nobody has set another."
    assert (await bot.settings.get(LOBBY)).temperature is None


async def test_minus_zero(bot: Bot, say: Say) -> None:
    """-0 is 0."""
    (said,) = await say("/temperature -0")

    assert said.text == "The temperature here is now 0."


@pytest.mark.parametrize("line", ["/temperature 0.7", "/temperature default", "/settings candidates 3"])
async def test_who_may_set(bot: Bot, say: Say, line: str) -> None:
    """Only admins set values, others are told so privately."""
    await say("/temperature 0.3")

    (said,) = await say(line, BEN)

    assert said.text.startswith("Only an admin of this place can do this with /")
    assert said.private_for == BEN
    assert (await bot.settings.get(LOBBY)).temperature == 0.3


async def test_all_may_set_the_temperature(bot: Bot, say: Say) -> None:
    """Where who_sets is all, everybody sets the temperature, and nothing else."""
    await say("/settings who_sets all")

    await say("/temperature 0.7", BEN)
    await say("/settings candidates 3", BEN)

    effective = await bot.settings.get(LOBBY)
    assert (effective.temperature, effective.candidates) == (0.7, 5)


class Counted(ScriptedGenerator):
    """Remembers which models it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def complete(self, request: CompletionRequest) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        self.asked.append(request.model)
        return super().complete(request)


@pytest.mark.parametrize("line", ["/settings model scripted@old", "/models use scripted@old"])
async def test_permission_comes_first(home: Path, platform: FakePlatform, line: str) -> None:
    """No model is looked up, or even loaded, for somebody who may not choose it; and once for who may."""
    generator = Counted()
    bot = await Bot.open(load_configuration(home), generator=generator)
    bot.register(platform)

    await bot.invoke(line, person=BEN, place=LOBBY)
    for_ben = generator.asked.count("scripted@old")
    await bot.invoke(line, person=ADA, place=LOBBY)
    for_ada = generator.asked.count("scripted@old")
    await bot.close()

    assert (for_ben, for_ada) == (0, 1)
    assert platform.said[0].text.startswith("Only an admin of this place can do this")
    assert platform.said[1].text in ("model is scripted@old here, set for this place.", "scripted@old writes here now.")


@pytest.mark.parametrize("value", ["nan", "-1", "1e9", "hot"])
async def test_wrong_temperature(bot: Bot, say: Say, value: str) -> None:
    """A wrong temperature is one private sentence and changes nothing."""
    (said,) = await say(f"/temperature {value}")

    assert said.text == f"temperature cannot be {value}; it has to be a number from 0 to 5 or default."
    assert said.private_for == ADA
    assert (await bot.settings.get(LOBBY)).temperature is None


async def test_all_settings(say: Say) -> None:
    """Without a name every setting is shown, a line each, privately."""
    (said,) = await say("/settings", BEN, THREAD)

    assert [line.split()[0] for line in said.text.splitlines()] == list(SETTINGS)
    assert said.private_for == BEN


async def test_scopes(say: Say) -> None:
    """A value set for the channel is said to come from there."""
    (said,) = await say("/settings candidates 7 channel", place=THREAD)
    (shown,) = await say("/settings candidates", BEN, THREAD)

    assert said.private_for is None
    assert said.text == shown.text == "candidates is 7 here, set for the whole channel."


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/settings candidats 3", "There is no setting candidats. Did you mean candidates?"),
        (
            "/settings candidates many",
            "candidates cannot be many; it has to be a whole number from 2 to 20 or default.",
        ),
        ("/settings candidates 3 moon", "scope cannot be moon; it has to be here, channel or guild."),
        ("/settings candidates 3 guild", "This place belongs to no server; set it for here or channel."),
        ("/settings model scriptd", "There is no model scriptd. Did you mean scripted?"),
        ("/settings a b here c", "/settings has no place for c: /settings [name] [value] [scope]"),
    ],
)
async def test_wrong_settings(say: Say, line: str, expected: str) -> None:
    """What cannot be set is one private sentence."""
    (said,) = await say(line)

    assert said.text == expected
    assert said.private_for == ADA
