"""Which kinds of models transformers can write with, without importing it: that takes seconds."""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

TABLE: Final = "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES"  # transformers/models/auto/modeling_auto.py, since 4.0


@cache
def model_types() -> frozenset[str]:
    """Values of `model_type` that AutoModelForCausalLM takes; none where transformers is not installed."""
    package = find_spec("transformers")
    if package is None or not package.submodule_search_locations:
        return frozenset()
    file = Path(next(iter(package.submodule_search_locations))) / "models" / "auto" / "modeling_auto.py"
    for statement in ast.parse(file.read_text("utf-8")).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[table])) if name == TABLE:
                return frozenset([kind for kind, _ in ast.literal_eval(table)])
    return _asked()


def _asked() -> frozenset[str]:
    """The same from transformers itself, should it have been rearranged."""
    from transformers.models.auto import modeling_auto

    return frozenset(getattr(modeling_auto, TABLE))
