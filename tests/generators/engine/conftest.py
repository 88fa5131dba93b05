"""An engine, and its model, which counts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from generators.engine import Engine
from tests.fakes.models import Watched, tiny


@pytest.fixture
def watched() -> Watched:
    return Watched(tiny())


@pytest.fixture
async def engine(watched: Watched) -> AsyncIterator[Engine]:
    engine = Engine(watched)
    yield engine
    engine.close()
