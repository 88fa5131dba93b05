"""Everybody who asks a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from openai import AsyncOpenAI

from generators.remote.generator import RemoteGenerator
from tests.fakes.clustering import KEY, Deployed


@pytest.fixture
async def client(deployed: Deployed) -> AsyncIterator[AsyncOpenAI]:
    """The official client."""
    async with AsyncOpenAI(base_url=f"{deployed.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture
async def remote(deployed: Deployed) -> AsyncIterator[RemoteGenerator]:
    """A bot elsewhere."""
    remote = RemoteGenerator(deployed.url, KEY)
    yield remote
    await remote.close()
