"""What is told in the notice of a press."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bot.consent.pressing import forgotten, withdrawn
from bot.consent.records import Withdrawn
from bot.languages import LANGUAGES, translator
from bot.platforms.telegram.text import NOTICE
from generators.errors import Translate
from storage.channel_models import ChannelModel

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("told", [withdrawn, forgotten])
def test_nothing_is_cut(language: str, told: Callable[[Withdrawn, Translate], str]) -> None:
    """All of what a withdrawal did fits into the shortest notice that a platform has, in every language."""
    model = ChannelModel("lobby", "1", "web:lobby", None, "charrnn@1", NOW, NOW)
    done = Withdrawn(12, 123_456, (model,) * 25)

    text = told(done, translator(language))

    assert len(text) <= NOTICE
    assert "25" in text
