"""Every generator that is to hold to the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from generators.completion import Generator, ModelInfo
from generators.local import LocalGenerator, Shelf
from generators.places import shipped_directory
from generators.registry import CombinedGenerator
from generators.scripted import Script, ScriptedGenerator
from tests.fakes.models import save_tiny

TEXTS = (
    "Once upon a time there was a fox. “Come in!” it said, and then it was gone.",
    "Once there was a time… The fox said: “Come!”\n\nAnd it came, upon a time.",
)


@pytest.fixture(params=["scripted characters", "scripted words", "random", "shipped", "combined"])
async def generator(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Generator]:
    """A generator whose first model is to be tested."""
    made: Generator
    if request.param == "scripted characters":
        made = ScriptedGenerator(Script(texts=TEXTS, order=3, smoothing=0.5))
    elif request.param == "scripted words":
        made = ScriptedGenerator(Script(texts=TEXTS, token="word", order=1, smoothing=0.5))
    elif request.param == "random":
        save_tiny(tmp_path / "tiny" / "1")
        made = LocalGenerator([Shelf(tmp_path)])
    elif request.param == "shipped":
        if not (shipped_directory() / "charrnn" / "config.json").is_file():
            pytest.skip("the shipped char-RNN is not there")
        made = LocalGenerator([Shelf(shipped_directory(), shipped=True)])
    else:
        made = CombinedGenerator([LocalGenerator([]), ScriptedGenerator(Script(texts=TEXTS, order=2, smoothing=1.0))])
    yield made
    await made.close()


@pytest.fixture
async def model(generator: Generator) -> ModelInfo:
    """Its first model."""
    return (await generator.models())[0]
