"""What is looked at before a training is offered."""

from __future__ import annotations

import pytest

from tests.bot.conftest import Say
from tests.bot.jobs.conftest import Chat, asked


async def test_no_torch(say: Say, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the packages are missing that train, that is said at once, and no training is offered."""
    await chat()
    monkeypatch.setattr("generators.training.find_spec", lambda _: None)

    said = await asked(say)

    assert said.text == "Training needs packages that are not installed; make run EXTRAS=torch brings them."
    assert said.buttons == ()
