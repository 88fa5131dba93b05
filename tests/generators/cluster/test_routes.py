"""Which replicas a request goes to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators.cluster.plan import Pool
from generators.cluster.routes import FRESH, Routes
from generators.local import Shelf
from tests.fakes.models import save_tiny

COMMON = Pool(name="models")
LARGE = Pool(name="models-1", models=("large", "popular"))


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A shelf with two models, and an adapter of each."""
    for name in ("small", "large"):
        base = save_tiny(tmp_path / name / "1", name=name, version="1")
        config = json.loads((base / "config.json").read_text())
        (base / "config.json").write_text(json.dumps(config | {"model_type": "gpt2"}))
        _save_adapter(tmp_path, f"of-{name}", base)
    _save_adapter(tmp_path, "popular", tmp_path / "small" / "1")
    return tmp_path


def _save_adapter(models: Path, name: str, base: Path) -> None:
    directory = models / name / "1"
    directory.mkdir(parents=True)
    (directory / "config.json").write_text("{}")
    (directory / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(base)}))
    (directory / "planchette.json").write_text("{}")


@pytest.fixture
def routes(models: Path) -> Routes:
    return Routes([COMMON, LARGE], [Shelf(models)])


async def test_pools(routes: Routes) -> None:
    """A model goes to the pool that names it, an adapter to its base's, and everything else to the first."""
    pools = {name: (await routes.to(name)).pool.name for name in ("small", "large", "of-small", "of-large", "none@1")}

    assert pools == {
        "small": "models",
        "large": "models-1",
        "of-small": "models",
        "of-large": "models-1",
        "none@1": "models",
    }


async def test_sessions(routes: Routes) -> None:
    """A user finds a model in the same replica; a channel's own model is in one, unless a pool names it."""

    async def session(model: str, user: str) -> str:
        return (await routes.to(model)).session(model, user)

    assert await session("small", "ada") == await session("small", "ada") != await session("small", "bob")
    assert await session("of-small", "ada") == await session("of-small", "bob") != await session("of-large", "ada")
    assert await session("ft-den-1", "ada") == await session("ft-den-1", "bob")
    assert await session("popular", "ada") != await session("popular", "bob")
    assert await session("small", "") == ""


async def test_a_model_that_is_made_anew(models: Path) -> None:
    """A route is looked up again after a while, because a model of that name may be another by then."""
    now = 0.0
    routes = Routes([COMMON, LARGE], [Shelf(models)], ticks=lambda: now)
    first = await routes.to("of-large")
    (models / "of-large" / "1" / "adapter_config.json").unlink()
    still = await routes.to("of-large")

    now = FRESH

    again = await routes.to("of-large")
    assert first.pool is still.pool is LARGE
    assert again.pool is COMMON
