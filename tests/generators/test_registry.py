"""All generators behind one."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from generators import registry
from generators.completion import CompletionRequest, Event, Generator, ModelInfo, Started
from generators.errors import Busy, UnknownModel
from generators.registry import CombinedGenerator, GeneratorSettings, open_generators
from generators.scripted import Cue, Script, ScriptedGenerator
from tests.fakes.models import save_tiny


def scripted(*names: str) -> list[ScriptedGenerator]:
    return [ScriptedGenerator(Script(name=name, cues=(Cue(when="busy", error="busy"),))) for name in names]


async def written_by(generator: Generator, name: str, prompt: str = "") -> str:
    async with generator.complete(CompletionRequest(model=name, prompt=prompt, max_tokens=1)) as events:
        first = await anext(aiter(events))
    assert isinstance(first, Started)
    return first.model


async def test_routing() -> None:
    """A request goes to the generator that has its model; the default is listed first."""
    combined = CombinedGenerator(scripted("one", "two", "three"), default="two@script")

    assert [model.name for model in await combined.models()] == ["two", "one", "three"]
    assert [await written_by(combined, name) for name in ("one", "two", "three@x")] == ["one", "two", "three"]
    await combined.load()
    await combined.close()


async def test_unknown_names() -> None:
    """A name that nobody has is refused with the nearest that anybody has."""
    combined = CombinedGenerator(scripted("fairy", "novel"))

    with pytest.raises(UnknownModel) as caught:
        await combined.load("fairi")
    with pytest.raises(UnknownModel):
        await CombinedGenerator([]).load()

    assert caught.value.nearest == "fairy"
    await combined.close()


async def test_errors_pass() -> None:
    """A generator that has the model but cannot write now has the last word."""
    combined = CombinedGenerator(scripted("one", "two"))

    with pytest.raises(Busy):
        await written_by(combined, "one", "busy")

    await combined.close()


class Plugin:
    """Somebody's generator."""

    closed = False

    async def models(self) -> Sequence[ModelInfo]:
        return [ModelInfo(name="plugin", version="1", kind="plugin", token="character")]

    @asynccontextmanager
    async def complete(self, request: CompletionRequest) -> AsyncIterator[AsyncIterator[Event]]:
        raise UnknownModel(request.model)
        yield

    async def close(self) -> None:
        self.closed = True


class Away(Plugin):
    """A generator whose host does not answer."""

    async def models(self) -> Sequence[ModelInfo]:
        raise OSError("no route to host")


async def test_one_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    """A generator that cannot say what it has is logged and left out; the others are listed and write."""
    combined = CombinedGenerator([Away(), *scripted("one")])

    with caplog.at_level(logging.ERROR):
        models = await combined.models()

    assert [model.name for model in models] == ["one"]
    assert "no route to host" in caplog.text
    assert await written_by(combined, "one") == "one"
    with pytest.raises(UnknownModel):
        await written_by(combined, "ona")
    await combined.close()


def plugged(settings: GeneratorSettings) -> Plugin:
    return Plugin()


def broken(settings: GeneratorSettings) -> Plugin:
    raise OSError("no such card")


def unwanted(settings: GeneratorSettings) -> None:
    return None


async def test_plugins(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Factories of other packages are asked; one that fails, and one that has nothing to give, are left out."""
    points = [
        EntryPoint(name, f"{__name__}:{value}", registry.GROUP)
        for name, value in (("a", "plugged"), ("b", "broken"), ("c", "unwanted"), ("d", "missing"))
    ]
    monkeypatch.setattr(registry, "entry_points", lambda **_: points)

    with caplog.at_level(logging.ERROR):
        combined = open_generators(GeneratorSettings())

    assert [model.name for model in await combined.models()] == ["plugin"]
    assert "no such card" in caplog.text
    await combined.close()


async def test_built_in_generators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The local and the scripted generator come in by the same door, the latter only where a script is named."""
    save_tiny(tmp_path / "models" / "own" / "1")
    script = tmp_path / "script.toml"
    script.write_text('texts = ["Once."]\n')

    without = open_generators(GeneratorSettings(models=tmp_path / "models"))
    named = open_generators(GeneratorSettings(script=script))
    monkeypatch.setenv("PLANCHETTE_SCRIPT", str(script))
    by_environment = open_generators(GeneratorSettings())

    names = [[model.name for model in await each.models()] for each in (without, named, by_environment)]
    assert "own" in names[0]
    assert "scripted" not in names[0]
    assert "scripted" in names[1]
    assert "scripted" in names[2]
    for each in (without, named, by_environment):
        await each.close()
