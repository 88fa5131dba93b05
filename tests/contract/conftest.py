"""Every generator that is to hold to the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from generators.completion import Generator, ModelInfo
from generators.guard import guard_with
from generators.local import LocalGenerator, Shelf
from generators.memorisation import index_of
from generators.places import shipped_directory
from generators.registry import CombinedGenerator, GeneratorSettings
from generators.remote.generator import RemoteGenerator
from generators.scripted import Script, ScriptedGenerator
from generators.single import SingleGenerator
from tests.fakes.hosting import hosted
from tests.fakes.models import save_tiny
from tests.plugins import BIGRAMS

TEXTS = (
    "Once upon a time there was a fox. “Come in!” it said, and then it was gone.",
    "Once there was a time… The fox said: “Come!”\n\nAnd it came, upon a time.",
)


LOCAL = ("scripted characters", "scripted words", "random", "shipped", "combined", "plug-in")
GUARDED = ("guarded characters", "guarded words")
REMOTE = ("remote scripted characters", "remote shipped")  # the same on a host of ours


@pytest.fixture(params=[*LOCAL, *GUARDED, *REMOTE])
async def generator(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Generator]:
    """A generator whose first model is to be tested."""
    kind = request.param.removeprefix("remote ")
    made = generator_of(kind, tmp_path)
    if kind == request.param:
        yield made
        await made.close()
        return
    async with hosted(made) as url:
        remote = RemoteGenerator(url)
        yield remote
        await remote.close()


def generator_of(kind: str, tmp_path: Path) -> Generator:
    """A generator of this kind."""
    if kind == "scripted characters":
        return ScriptedGenerator(Script(texts=TEXTS, order=3, smoothing=0.5))
    if kind == "scripted words":
        return ScriptedGenerator(Script(texts=TEXTS, token="word", order=1, smoothing=0.5))
    if kind in GUARDED:
        words = kind.endswith("words")
        script = Script(texts=TEXTS, token="word" if words else "character", order=2 if words else 4, smoothing=0.4)
        model = script.model()
        guard_with(model, index_of((*TEXTS, "Once upon a time Come And it came")))  # which it likes to write
        return SingleGenerator(model)
    if kind == "random":
        save_tiny(tmp_path / "tiny" / "1")
        return LocalGenerator([Shelf(tmp_path)])
    if kind == "plug-in":
        return plugged()
    if kind == "shipped":
        if not (shipped_directory() / "charrnn" / "config.json").is_file():
            pytest.skip("the shipped char-RNN is not there")
        return CombinedGenerator([LocalGenerator([Shelf(shipped_directory(), shipped=True)])], "charrnn")
    return CombinedGenerator([LocalGenerator([]), ScriptedGenerator(Script(texts=TEXTS, order=2, smoothing=1.0))])


def plugged() -> Generator:
    """The generator of the package that `docs/generators.md` shows."""
    spec = spec_from_file_location("planchette_bigrams", BIGRAMS / "planchette_bigrams.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Generator = module.factory(GeneratorSettings())
    return made


@pytest.fixture
async def model(generator: Generator) -> ModelInfo:
    """Its first model."""
    return (await generator.models())[0]
