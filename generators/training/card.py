"""The model card: what a stranger has to know about a trained model."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from generators.training.progress import Sample
from generators.training.recipes import flags
from generators.training.recipes.base import YES


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
        if name not in ("name", "description", "base")
    )
    texts = "\n\n".join(f"Temperature {sample.temperature:g}:\n\n{_quoted(sample.text)}" for sample in samples)
    prompt = next((sample.prompt for sample in samples), "")
    after = f"after a passage of the text\n\n{_quoted(prompt)}" if prompt else "from nothing"
    measured = (
        "Nothing was held out, so nothing was measured."
        if bits is None
        else f"{bits:.4f} bits per character on {metrics['held_out_documents']:,} documents that were held out."
    )
    labels = "".join(f"\n- {label}: {count:,}" for label, count in (lineage.get("labels") or {}).items())
    labels = labels and f"\nIt can be asked for these kinds of text, learnt from so many documents each:\n{labels}\n"
    windowed = recipe.get("bidirectional") or recipe.get("attention") == "window"
    cost = f"\nIt sees a window of {recipe['window']} tokens, and a token costs as many steps.\n" if windowed else ""
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
{labels}{cost}
## How good it is

{measured}

## What it writes {after}

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
        each = each.get("adapter") or each["base"]
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
    label_columns: Sequence[str] = (),
    asked: Sequence[str] = (),
) -> str:
    """The shell's command for a training; paths without their folders, which mean nothing elsewhere.

    Args:
        sources, base, name, documents, options, label_columns: as for `train`.
        recipe: None where the base decides it.
        asked: what else was asked for by an option without a value, such as `lora`.
    """
    words = ["planchette", "train", *sources]
    words += ["--recipe", recipe] if recipe else []
    words += ["--base", base] if base else []
    words += [f"--{option.replace('_', '-')}" for option in asked]
    words += ["--name", name]
    if documents:
        words += ["--documents", documents]
    for column in label_columns:
        words += ["--label-column", column]
    switches = flags()
    for option, value in options.items():
        if option in switches and value.lower() in YES:
            words.append(f"--{'' if YES[value.lower()] else 'no-'}{option.replace('_', '-')}")
        else:
            words += [f"--{option.replace('_', '-')}", value]
    return shlex.join(words)
