"""GPT-2s of channels are adapters over one base, which all of them share."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app import Bot
from bot.configuration import load_configuration
from bot.conversation import Place
from bot.lineages import Result
from generators.local import LocalGenerator, Shelf
from tests.bot.conftest import ADA
from tests.bot.lineage import MADE
from tests.fakes.platform import FakePlatform
from tests.generators.test_importing_gpt2 import made

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

__all__ = ["made"]  # a fixture


def weights_in(home: Path) -> list[str]:
    return sorted(path.name for path in home.rglob("*.safetensors"))


async def test_adapters(made: Path, home: Path, platform: FakePlatform) -> None:
    """Two servers' versions lie beside one base, take only their own bytes, and write; the base cannot be removed."""
    from generators.importing import import_model

    base = import_model(made / "whole", home / "models", name="tiny")
    bot = await Bot.open(load_configuration(home), generator=LocalGenerator([Shelf(home / "models")]))
    bot.register(platform)
    places = [Place("web", "one", guild="g"), Place("web", "two", guild="h")]
    for place in places:
        adapter = import_model(made / "adapter", home / "jobs" / place.id / "output", base="tiny").directory
        name = await bot.lineages.claim(place)
        result = Result(place, ADA.key, name, adapter.name, f"tiny@{base.version}", 2.0, MADE, adapter)
        await bot.lineages.adopt(result)

        await bot.invoke(f"/generate model={name}@{adapter.name} length=3 seed=1 Once", person=ADA, place=place)
        assert platform.said[-1].text.endswith("seed=1")

    await bot.invoke("/models remove tiny", person=ADA, place=places[0])

    assert weights_in(home) == ["adapter_model.safetensors"] * 2 + ["model.safetensors"]
    assert platform.said[-1].text.startswith("The adapters web-one, … rest on the model tiny;")
    await bot.close()
