"""What a tuned model has to know about its base: which one it is, and all that it learnt from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from generators.directory import is_adapter
from generators.local import Shelf
from generators.places import found, models_directory
from generators.tensors import weights_digest
from generators.training.publishing import LINEAGE
from generators.training.recipes import Recipe


def ancestry(base: Path | None, recipe: Recipe) -> dict[str, Any]:
    """`base` of planchette.json: name, version, SHA-256 of its weights, and its own command, sources and base.

    An adapter that goes on from another one stands on that one's base; the other is its `adapter`.
    """
    if base is None:
        return {"base": None}
    known = record(base)
    if not (recipe.adapts and is_adapter(base)):
        return {"base": known}
    return {"base": known["base"], "adapter": known}


def version_of(directory: Path) -> str:
    """A model's version: its directory's name on a person's shelf, elsewhere what the model itself says."""
    if directory.resolve().parent.parent == models_directory().resolve():
        return directory.resolve().name
    return Shelf(directory.parent, shipped=True).info(directory).version


def record(base: Path) -> dict[str, Any]:
    """What planchette.json says of a model that another one stands on: which it is, and where it came from itself."""
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
