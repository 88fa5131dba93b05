"""The model card: what a stranger has to know about a trained model."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from generators.training.progress import Sample


def card(lineage: Mapping[str, Any], samples: Sequence[Sample]) -> str:
    """README.md of a model's directory, in the hub's format.

    Args:
        lineage: what planchette.json records.
        samples: what the model writes from nothing.
    """
    metrics, recipe = lineage["metrics"], lineage["recipe"]
    bits = metrics["bits_per_character"]
    generations = _generations(lineage)
    commands = "\n".join(generation["command"] for generation in generations if generation["command"])
    sources = "\n".join(
        dict.fromkeys(  # a source may have been learnt from twice
            f"- `{source['file']}`, {source['bytes']:,} bytes, sha256 `{source['sha256'][:16]}…`"
            for generation in generations
            for source in generation["sources"] or ()
        )
    )
    fields = "\n".join(
        f"| {name} | {', '.join(map(str, value)) if isinstance(value, list) else value} |"
        for name, value in recipe.items()
        if name not in ("name", "description")
    )
    texts = "\n\n".join(f"Temperature {sample.temperature:g}:\n\n{_quoted(sample.text)}" for sample in samples)
    measured = (
        "Nothing was held out, so nothing was measured."
        if bits is None
        else f"{bits:.4f} bits per character on {metrics['held_out_documents']:,} documents that were held out."
    )
    base = lineage["base"]
    tuned = "" if base is None else f"\nIt goes on from `{base['name']}`, version `{base['version']}`.\n"
    return f"""---
library_name: planchette
pipeline_tag: text-generation
tags:
- {lineage["kind"]}
---

# {lineage["name"]}

{lineage["description"]}. {metrics["parameters"]:,} parameters, version `{lineage["version"]}`.
{tuned}
## How it was made

```
{commands}
```

{lineage["trained"][:10]}, {metrics["steps"]:,} steps in {metrics["seconds"]:,.0f} s on {lineage["hardware"]}, \
seed {recipe["seed"]}.

## What it learnt from

{lineage["documents"]:,} documents, {lineage["characters"]:,} characters, after the filters \
{", ".join(recipe["filters"]) or "(none)"}.

{sources}

## How good it is

{measured}

## What it writes from nothing

{texts}

## Recipe {recipe["name"]}

| field | value |
|---|---|
{fields}
"""


def _generations(lineage: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The model and those that it goes on from, the first one first."""
    generations: list[Mapping[str, Any]] = []
    each: Mapping[str, Any] | None = lineage
    while each:
        generations.insert(0, each)
        each = each["base"]
    return generations


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" if line else ">" for line in text.splitlines() or [""])


def command(
    sources: Sequence[str],
    recipe: str | None,
    base: str | None,
    name: str,
    documents: str | None,
    options: Mapping[str, str],
) -> str:
    """The shell's command for a training; paths without their folders, which mean nothing elsewhere."""
    words = ["planchette", "train", *sources]
    words += ["--base", base] if base else ["--recipe", recipe or "textgenrnn"]
    words += ["--name", name]
    if documents:
        words += ["--documents", documents]
    for option, value in options.items():
        words += [f"--{option.replace('_', '-')}", value]
    return shlex.join(words)
