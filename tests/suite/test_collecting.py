"""What somebody agreed to give is kept wherever they say it, once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.bot.collected import EARLIER, logged, texts
from tests.suite.stage import ADA, Stage
from tests.suite.terminal import TerminalStage
from tests.suite.web import WebStage

PLACES = {"web": ("web:lobby", "web:Ada"), "terminal": ("terminal:chat", "terminal:you")}  # and who writes there


@pytest.mark.parametrize("stage", [WebStage, TerminalStage], ids=lambda kind: kind.name, indirect=True)
async def test_every_line(stage: Stage) -> None:
    """Every line of a logged room, or terminal, is kept that is neither a command nor a press; also after a restart."""
    place, person = PLACES[stage.name]
    await stage.says(ADA, "before the log was on")
    await logged(stage.bot.database, place, datetime.now(UTC), person)
    await stage.bot.collecting.look_again()
    await stage.says(ADA, "Once upon a time")
    await stage.says(ADA, "/status")

    await stage.restart()
    await stage.says(ADA, "and once more")

    assert await texts(stage.bot.database, stage.bot.vault, place) == ["Once upon a time", "and once more"]


@pytest.mark.parametrize("stage", [WebStage, TerminalStage], ids=lambda kind: kind.name, indirect=True)
async def test_others_lines(stage: Stage) -> None:
    """What somebody says who does not agree is kept nowhere."""
    place, _ = PLACES[stage.name]
    await logged(stage.bot.database, place, datetime.now(UTC) - EARLIER, "web:Ben")
    await stage.bot.collecting.look_again()

    await stage.says(ADA, "not to be kept")

    assert await texts(stage.bot.database, stage.bot.vault, place) == []
