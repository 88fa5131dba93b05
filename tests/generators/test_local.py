"""Models in this process."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from generators.completion import LONGEST, CompletionRequest, Generator, Piece, Started
from generators.engine import Engine
from generators.errors import Busy, ShuttingDown, UnknownModel, Unsupported, UnusableModel
from generators.local import MOST_LOADED, LocalGenerator, Shelf, factory
from generators.registry import GeneratorSettings
from tests.fakes.models import save_tiny

Opening = Callable[..., LocalGenerator]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opening]:
    """Opens generators on the shelves `shipped` and `models`."""
    made: list[LocalGenerator] = []

    def opening() -> LocalGenerator:
        made.append(LocalGenerator([Shelf(tmp_path / "shipped", shipped=True), Shelf(tmp_path / "models")]))
        return made[-1]

    yield opening
    for each in made:
        await each.close()


async def version_of(generator: Generator, name: str) -> str:
    """The version that answers to a name."""
    async with generator.complete(CompletionRequest(model=name, max_tokens=1)) as events:
        first = await anext(aiter(events))
    assert isinstance(first, Started)
    return first.version


def aged(directory: Path, seconds: int) -> None:
    """Makes a version older than those of now."""
    then = (directory / "config.json").stat().st_mtime - seconds
    os.utime(directory / "config.json", (then, then))


async def test_listing(tmp_path: Path, opened: Opening) -> None:
    """Shipped models come first, each model once, in the version in use."""
    save_tiny(tmp_path / "models" / "amber" / "1")
    save_tiny(tmp_path / "models" / "amber" / "2", seed=1)
    save_tiny(tmp_path / "shipped" / "zebra", version="z1", description="comes along")

    models = await opened().models()

    assert [(model.name, model.version, model.shipped) for model in models] == [
        ("zebra", "z1", True),
        ("amber", "2", False),
    ]
    assert models[0].description == "comes along"


async def test_listing_reads_no_weights(tmp_path: Path, opened: Opening) -> None:
    """A model whose weights are missing is listed; writing with it says what is wrong."""
    (save_tiny(tmp_path / "models" / "a" / "1", version="1") / "model.safetensors").unlink()
    generator = opened()

    (model,) = await generator.models()

    assert model.name == "a"
    with pytest.raises(UnusableModel):
        await generator.load("a")


async def test_damaged_models_are_left_out(tmp_path: Path, opened: Opening, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be read, or is of a kind that nobody knows, is logged and not listed; the others are."""
    save_tiny(tmp_path / "models" / "good" / "1", version="1")
    (save_tiny(tmp_path / "models" / "torn" / "1") / "config.json").write_text("{")
    (save_tiny(tmp_path / "models" / "odd" / "1") / "config.json").write_text('{"model_type": "oracle"}')
    (save_tiny(tmp_path / "models" / "many" / "1") / "config.json").write_text('{"model_type": ["charrnn"]}')
    (tmp_path / "models" / "empty").mkdir()
    generator = opened()

    with caplog.at_level(logging.WARNING):
        models = await generator.models()

    assert [model.name for model in models] == ["good"]
    assert "torn" in caplog.text
    assert "oracle" in caplog.text
    with pytest.raises(Unsupported, match=r"oracle.*charrnn"):
        await generator.load("odd")


async def test_versions(tmp_path: Path, opened: Opening) -> None:
    """A name means the newest version, or the one that planchette.json names; NAME@VERSION means that one."""
    home = tmp_path / "models" / "a"
    aged(save_tiny(home / "10"), 60)
    save_tiny(home / "9", seed=1)
    generator = opened()

    newest = await version_of(generator, "a")
    (home / "planchette.json").write_text(json.dumps({"current": "10"}))
    named = await version_of(generator, "a")

    assert (newest, named) == ("9", "10")
    assert await version_of(generator, "a@9") == "9"
    with pytest.raises(UnknownModel) as caught:
        await generator.load("a@8")
    assert caught.value.nearest == "a"


async def test_shipped_versions(tmp_path: Path, opened: Opening) -> None:
    """A shipped model answers to its version; to another it does not, because token ids may differ."""
    save_tiny(tmp_path / "shipped" / "a", version="1")
    generator = opened()

    assert await version_of(generator, "a@1") == "1"
    with pytest.raises(UnknownModel):
        await generator.load("a@0")


async def test_shipped_names_cannot_be_taken(tmp_path: Path, opened: Opening) -> None:
    """A user's model of a shipped name is never reached by it."""
    save_tiny(tmp_path / "shipped" / "a", version="shipped")
    save_tiny(tmp_path / "models" / "a" / "mine")
    generator = opened()

    assert [model.version for model in await generator.models()] == ["shipped"]
    assert await version_of(generator, "a") == "shipped"


@pytest.mark.parametrize("name", ["", ".", "..", "../models/a", "a/1", "a@..", "a@", "a@1/", "/", "a@.", "__pycache__"])
async def test_no_way_off_the_shelf(tmp_path: Path, opened: Opening, name: str) -> None:
    """Names are names, not paths."""
    save_tiny(tmp_path / "models" / "a" / "1")
    save_tiny(tmp_path / "models" / "__pycache__" / "1")
    save_tiny(tmp_path / "models" / "1")
    generator = opened()

    if name == "a@":
        assert await version_of(generator, name) == "1"
    else:
        with pytest.raises(UnknownModel):
            await generator.load(name)


async def test_a_model_is_loaded_once(tmp_path: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many first requests at once load a model once, beside the event loop."""
    import generators.charrnn

    save_tiny(tmp_path / "models" / "a" / "1")
    loads = []
    real = generators.charrnn.load
    monkeypatch.setattr(generators.charrnn, "load", lambda *given: loads.append(given) or real(*given))
    generator = opened()

    assert not await generator.ready("a")
    await asyncio.gather(*(generator.load("a") for _ in range(8)))

    assert len(loads) == 1
    assert await generator.ready("a")
    assert not await generator.ready("b")


async def test_idle_models_are_given_up(tmp_path: Path, opened: Opening) -> None:
    """Only so many models stay loaded; one that is in use is never given up."""
    names = [f"m{number}" for number in range(MOST_LOADED + 2)]
    for name in names:
        save_tiny(tmp_path / "models" / name / "1")
    generator = opened()

    request = CompletionRequest(model="m0", max_tokens=20, min_tokens=20, seed=1)
    async with generator.complete(request) as events:
        for name in names[1:]:
            await generator.load(name)
        pieces = [event async for event in events if isinstance(event, Piece)]

    assert len(pieces) == 20
    assert [await generator.ready(name) for name in names] == [True, False, False, *[True] * (MOST_LOADED - 1)]


async def test_closing_while_models_load(tmp_path: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a model when everything closes is told so; who has been cancelled is not."""
    import generators.charrnn

    began, end = threading.Event(), threading.Event()
    real = generators.charrnn.load

    def slow(*given: Any) -> Any:
        began.set()
        end.wait()
        return real(*given)

    monkeypatch.setattr(generators.charrnn, "load", slow)
    for name in "abc":
        save_tiny(tmp_path / "models" / name / "1")
    generator = opened()
    first = asyncio.create_task(generator.load("a"))
    await asyncio.to_thread(began.wait)
    waiting = [asyncio.create_task(version_of(generator, name)) for name in "bc"]
    await generator.ready("a")  # the other two have found their models by now, and stand before the loader
    waiting[1].cancel()

    closing = asyncio.create_task(generator.close())
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    end.set()
    await closing
    await asyncio.wait([first])

    assert [type(answer) for answer in answers] == [ShuttingDown, asyncio.CancelledError]
    with pytest.raises(ShuttingDown):
        await generator.load("b")


async def test_new_and_removed_models(tmp_path: Path, opened: Opening) -> None:
    """A model is there as soon as its directory is, and gone with it."""
    generator = opened()
    assert await generator.models() == []

    directory = save_tiny(tmp_path / "models" / "new" / "1")
    assert await version_of(generator, "new") == "1"
    shutil.rmtree(directory)

    with pytest.raises(UnknownModel):
        await generator.load("new")


async def test_a_model_removed_while_it_writes(tmp_path: Path, opened: Opening) -> None:
    """A text goes on to its end when its model's files are removed; after that the model is unknown."""
    directory = save_tiny(tmp_path / "models" / "a" / "1")
    generator = opened()

    request = CompletionRequest(model="a", max_tokens=200, min_tokens=200, seed=1)
    async with generator.complete(request) as events:
        await anext(events)
        shutil.rmtree(directory)
        pieces = [event async for event in events if isinstance(event, Piece)]

    assert len(pieces) == 200
    with pytest.raises(UnknownModel):
        await version_of(generator, "a")


async def test_memory_for_a_model(tmp_path: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory does not suffice for a model, those that nobody uses are given up for it; those in use stay."""
    import generators.charrnn

    for name in "abc":
        save_tiny(tmp_path / "models" / name / "1")
    generator = opened()
    await generator.load("a")
    real = generators.charrnn.load
    shortages = [MemoryError()]

    def short(*given: Any) -> Any:
        if shortages:
            raise shortages.pop()
        return real(*given)

    async with generator.complete(CompletionRequest(model="b", max_tokens=50, min_tokens=50, seed=1)) as events:
        monkeypatch.setattr(generators.charrnn, "load", short)
        await generator.load("c")
        pieces = [event async for event in events if isinstance(event, Piece)]

    assert len(pieces) == 50
    assert [await generator.ready(name) for name in "abc"] == [False, True, True]


async def test_an_engine_that_has_ended(tmp_path: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose engine has ended by a fault of its own is opened anew for the next text."""
    save_tiny(tmp_path / "models" / "a" / "1")
    generator = opened()
    await generator.load("a")

    with monkeypatch.context() as patched:
        patched.setattr(Engine, "_wait", lambda _: 1 / 0)
        patched.setattr(threading, "excepthook", lambda _: None)
        await version_of(generator, "a")
        while any(thread.name == "engine a" for thread in threading.enumerate()):  # noqa: ASYNC110 (a thread's end)
            await asyncio.sleep(0.001)

    assert await version_of(generator, "a") == "1"


async def test_the_factory(tmp_path: Path) -> None:
    """The factory's generator has the shipped models and those of the settings' directory."""
    save_tiny(tmp_path / "home" / "own" / "1")

    generator = factory(GeneratorSettings(models=tmp_path / "home"))

    assert "own" in [model.name for model in await generator.models() if not model.shipped]
    await generator.close()


async def test_room(tmp_path: Path) -> None:
    """As many texts as the settings say are written at once, as many wait, and one more is refused."""
    save_tiny(tmp_path / "own" / "1")
    generator = factory(GeneratorSettings(models=tmp_path, max_batch=2, queue_limit=1))
    endless = CompletionRequest(model="own", max_tokens=LONGEST, min_tokens=LONGEST)  # nobody reads on: they stay

    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(generator.complete(endless)) for _ in range(3)]
        started = [await anext(stream) for stream in streams]
        with pytest.raises(Busy):
            await stack.enter_async_context(generator.complete(endless))

    assert [event.ahead for event in started if isinstance(event, Started)] == [0, 0, 1]
    await generator.close()
