"""Fixtures for what is tested over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.platforms.serving import Serving, serving


@pytest.fixture
async def lobby(home: Path) -> AsyncIterator[Serving]:
    """A room on loopback."""
    async with serving(home) as served:
        yield served
