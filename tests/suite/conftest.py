"""The stages that the suite is played on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from tests.fakes.discord.application import CONTENT_INTENT
from tests.suite.discord import DiscordStage
from tests.suite.stage import Stage
from tests.suite.telegram import TelegramStage
from tests.suite.terminal import TerminalStage
from tests.suite.web import WebStage

EVERYWHERE: Final = (WebStage, TerminalStage, DiscordStage, TelegramStage)


async def _played(kind: type[Stage], home: Path) -> AsyncIterator[Stage]:
    stage = kind(home)
    await stage.enter()
    await stage.open()
    yield stage
    await stage.close()
    assert stage.faults() == []
    await stage.leave()


@pytest.fixture(params=EVERYWHERE, ids=lambda kind: kind.name)
async def stage(request: pytest.FixtureRequest, home: Path) -> AsyncIterator[Stage]:
    """Each platform; at its end it must have refused nothing."""
    async for each in _played(request.param, home):
        yield each


@pytest.fixture(params=[kind for kind in EVERYWHERE if kind.several], ids=lambda kind: kind.name)
async def crowd(request: pytest.FixtureRequest, home: Path) -> AsyncIterator[Stage]:
    """Each platform with room for several people."""
    async for each in _played(request.param, home):
        yield each


@pytest.fixture(params=[kind for kind in EVERYWHERE if kind.rights], ids=lambda kind: kind.name)
async def ruled(request: pytest.FixtureRequest, home: Path) -> AsyncIterator[Stage]:
    """Each platform on which only some may manage a place."""
    async for each in _played(request.param, home):
        yield each


@pytest.fixture(params=[kind for kind in EVERYWHERE if kind.remote], ids=lambda kind: kind.name)
async def remote(request: pytest.FixtureRequest, home: Path) -> AsyncIterator[Stage]:
    """Each platform that is elsewhere."""
    async for each in _played(request.param, home):
        yield each


@pytest.fixture(params=EVERYWHERE, ids=lambda kind: kind.name)
async def permitted(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Stage]:
    """Each platform, where Discord has given its permission."""
    stage: Stage = request.param(home)
    await stage.enter()
    if isinstance(stage, DiscordStage):  # as whoever runs the bot has to switch on before a log can be kept
        stage.discord.application.intents |= CONTENT_INTENT
    configured = stage.configuration()
    discord = configured.discord.model_copy(update={"training_permission": "a letter"})
    monkeypatch.setattr(stage, "configuration", lambda: configured.model_copy(update={"discord": discord}))
    await stage.open()
    yield stage
    await stage.close()
    assert stage.faults() == []
    await stage.leave()
