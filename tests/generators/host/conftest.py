"""A host with a scripted model that goes step by step, and the official client that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from openai import AsyncOpenAI

from generators.scripted import Cue, Pace, Script, ScriptedGenerator
from tests.fakes.hosting import hosted

KEY = "a key with ümlaut"
TEXTS = ("Once upon a time there was a fox. “Come in!” it said, and then it was gone.",)
SCRIPT = Script(texts=TEXTS, order=3, smoothing=0.5, cues=(Cue(when="lightning", after=3), Cue(when="thunder")))


@pytest.fixture
def pace() -> Pace:
    """How far the model may go; it runs freely unless a test holds it."""
    pace = Pace()
    pace.free()
    return pace


@pytest.fixture
async def url(pace: Pace) -> AsyncIterator[str]:
    """The API of a host that takes two texts at once."""
    generator = ScriptedGenerator(SCRIPT, pace=pace, max_batch=1, queue_limit=1)
    async with hosted(generator, keys=["another", KEY]) as url:
        yield url


@pytest.fixture
async def client(url: str) -> AsyncIterator[AsyncOpenAI]:
    """The official client."""
    async with AsyncOpenAI(base_url=url, api_key="another", max_retries=0) as client:
        yield client
