"""What a tuned model has to know about its base: which one it is, and all that it learnt from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from generators.local import Shelf
from generators.places import found, models_directory
from generators.tensors import weights_digest
from generators.training.publishing import LINEAGE
from generators.training.recipes import Recipe

ADAPTER: Final = "adapter_config.json"  # what makes a directory an adapter


def ancestry(base: Path | None, recipe: Recipe) -> dict[str, Any]:
    """`base` of planchette.json: name, version, SHA-256 of its weights, and its own command, sources and base.

    An adapter that goes on from another one stands on that one's base; the other is its `adapter`.
    """
    if base is None:
        return {"base": None}
    record = _record(base)
    if not (recipe.adapts and is_adapter(base)):
        return {"base": record}
    return {"base": record["base"], "adapter": record}


def is_adapter(directory: Path) -> bool:
    """Whether it holds an adapter, which needs its base."""
    return (directory / ADAPTER).is_file()


def version_of(directory: Path) -> str:
    """A model's version: its directory's name on a person's shelf, elsewhere what the model itself says."""
    if directory.resolve().parent.parent == models_directory().resolve():
        return directory.resolve().name
    return Shelf(directory.parent, shipped=True).info(directory).version


def _record(base: Path) -> dict[str, Any]:
    try:
        lineage = json.loads((base / LINEAGE).read_text("utf-8"))
    except (OSError, ValueError):
        lineage = {}  # made elsewhere
    inherited = {field: lineage.get(field) for field in ("command", "sources", "base")}
    if lineage.get("adapter"):
        inherited["adapter"] = lineage["adapter"]
    return {
        "name": found(base).name,
        "version": version_of(base),
        "sha256": weights_digest(base),
        **inherited,
    }
