"""Channels' adapters over one base in a local generator."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from generators import local
from generators.completion import CompletionRequest, Piece, Started
from generators.errors import UnknownModel, UnusableModel
from generators.guard import save_guard
from generators.local import LocalGenerator, Shelf
from generators.memorisation import RUN, index_of, words_of
from tests.fakes.language_models import save_gpt2
from tests.generators.gpt2.conftest import name_base, save_adapter


@pytest.fixture
def shelf(home: Path) -> Path:
    """A base and two channels' adapters over it."""
    models = home / "models"
    base = save_gpt2(models / "base" / "1", spread=0.1)
    for seed, name in enumerate(("harbour", "garden")):
        save_adapter(base, models / name / "1", seed=seed)
        name_base(models / name / "1", name="base", version="1")
    return models


@pytest.fixture
async def generator(shelf: Path) -> AsyncIterator[LocalGenerator]:
    generator = LocalGenerator([Shelf(shelf)], device="cpu")
    yield generator
    await generator.close()


async def text_of(generator: LocalGenerator, model: str, tokens: int = 12) -> tuple[str, str]:
    """Who wrote, and the text of a seed."""
    request = CompletionRequest(model=model, prompt="The sea", seed=5, max_tokens=tokens, min_tokens=tokens)
    async with generator.complete(request) as events:
        found = [event async for event in events]
    (started,) = [event for event in found if isinstance(event, Started)]
    return started.model, "".join([event.text for event in found if isinstance(event, Piece)])


def engines() -> list[str]:
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("engine "))


async def test_one_engine(generator: LocalGenerator, shelf: Path) -> None:
    """Channels' adapters write in their base's engine, at once, and each as it does with weights of its own."""
    before = engines()

    together = await asyncio.gather(*(text_of(generator, name) for name in ("harbour", "base", "garden", "harbour")))

    assert engines() == sorted([*before, "engine base"])
    assert [name for name, _ in together] == ["harbour", "base", "garden", "harbour"]
    assert len({text for _, text in together}) == 3
    for name in ("harbour", "garden"):
        alone = LocalGenerator([Shelf(shelf)], device="cpu")
        assert await text_of(alone, name) in together
        await alone.close()


async def test_what_one_has_read_is_no_others(generator: LocalGenerator) -> None:
    """A prompt that a channel's model has read is not found by another's, whose numbers for it differ."""
    first = await text_of(generator, "harbour")
    other = await text_of(generator, "garden")
    again = await text_of(generator, "harbour")

    assert first == again
    assert first[1] != other[1]


async def test_a_broken_adapter(generator: LocalGenerator, shelf: Path) -> None:
    """An adapter for weights that are not here is refused, and the others go on."""
    shutil.copytree(shelf / "garden" / "1", shelf / "meadow" / "1")
    name_base(shelf / "meadow" / "1", name="base", version="1", sha256="0" * 64)

    with pytest.raises(UnusableModel, match="an adapter for other weights than those of base@1 here"):
        await text_of(generator, "meadow")

    assert (await text_of(generator, "garden"))[0] == "garden"


async def test_adapters_come_and_go(generator: LocalGenerator, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody writes with makes room for another with all that was kept of it; one that writes stays."""
    monkeypatch.setattr(local, "MOST_ADAPTERS", 1)
    expected = [await text_of(generator, name) for name in ("harbour", "garden")]
    request = CompletionRequest(model="garden", prompt="The sea", seed=5, max_tokens=12, min_tokens=12)

    async with generator.complete(request) as events:
        gone = await text_of(generator, "harbour")
        shutil.rmtree(shelf / "garden")
        shutil.rmtree(shelf / "base")
        pieces = [event.text async for event in events if isinstance(event, Piece)]

    assert (gone, "".join(pieces)) == (expected[0], expected[1][1])
    with pytest.raises(UnknownModel):
        await text_of(generator, "garden")


async def test_an_own_guard(generator: LocalGenerator, shelf: Path) -> None:
    """A channel's guard holds for its adapter alone."""
    _, plain = await text_of(generator, "garden", 60)
    await generator.close()
    assert len(list(words_of(plain))) > RUN
    save_guard(index_of([plain]), shelf / "garden" / "1")

    guarded = LocalGenerator([Shelf(shelf)], device="cpu")
    _, text = await text_of(guarded, "garden", 60)
    _, base = await text_of(guarded, "base", 60)
    await guarded.close()

    assert text != plain
    assert base
