"""The model card: what a stranger has to know about a trained model."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

from generators.training.history import Check
from generators.training.progress import Sample
from generators.training.recipes import flags
from generators.training.recipes.base import YES

ROWS: Final = 40  # of a card's table
WRITTEN: Final = "\n## What it writes"  # how the samples begin …
RECIPE: Final = "\n## Recipe "  # … and what follows them
MEMORISED: Final = re.compile(r"\nOf [\d,]+ texts, .*\n")  # the line of `with_memorisation`
NEWEST: Final = re.compile(r"\nOn the newest text, .*\n")  # … of `with_newest`


def card(lineage: Mapping[str, Any], samples: Sequence[Sample], checks: Sequence[Check], picture: str | None) -> str:
    """README.md of a model's directory, in the hub's format.

    Args:
        lineage: what planchette.json records.
        samples: what the model writes; where there are none, nothing is said of that.
        checks: of its training, in order.
        picture: file beside it that shows the training; None where there is none.
    """
    metrics, recipe = lineage["metrics"], lineage["recipe"]
    bits, described = metrics["bits_per_character"], lineage["description"]
    generations = _generations(lineage)
    commands = "\n".join(generation["command"] for generation in generations if generation["command"])
    sources = "\n".join(
        dict.fromkeys(  # a source may have been learnt from twice
            f"- {_code(source['file'])}, {source['bytes']:,} bytes{_encoding(source)}{_kinds(source)}, "
            f"sha256 `{source['sha256'][:16]}…`"
            for generation in generations
            for source in generation["sources"] or ()
        )
    )
    fields = "\n".join(
        f"| {name} | {_cell(value)} |" for name, value in recipe.items() if name not in ("name", "description", "base")
    )
    measured = (
        "Nothing was held out, so nothing was measured."
        if bits is None
        else f"{bits:.4f} bits per character on {metrics['held_out_documents']:,} documents that were held out."
    )
    labels = "".join(f"\n- {_code(label)}: {count:,}" for label, count in (lineage.get("labels") or {}).items())
    labels = labels and f"\nIt can be asked for these kinds of text, learnt from so many documents each:\n{labels}\n"
    windowed = recipe.get("bidirectional") or recipe.get("attention") == "window"
    cost = f"\nIt sees a window of {recipe['window']} tokens, and a token costs as many steps.\n" if windowed else ""
    base = lineage["base"]
    tuned = (
        ""
        if base is None
        else f"\nIt goes on from `{base['name']}`, version `{base['version']}`{_adapting(metrics)}.\n"
    )
    return f"""---
library_name: planchette
pipeline_tag: text-generation
tags:
- {lineage["kind"]}
---

# {lineage["name"]}

{_capitalised(described)}. {metrics["parameters"]:,} parameters, version `{lineage["version"]}`.
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
{_filters(lineage)}
{sources}
{labels}{cost}
## How good it is

{measured}
{_training(checks, picture)}{_written(samples)}
## Recipe {recipe["name"]}

| field | value |
|---|---|
{fields}
"""


def with_samples(text: str, samples: Sequence[Sample]) -> str:
    """A card with these samples instead of those that it has."""
    before, mark, after = text.rpartition(RECIPE)
    if not mark:
        before, after = text, ""
    return f"{before.partition(WRITTEN)[0].rstrip()}\n{_written(samples)}{mark}{after}"


def with_memorisation(text: str, measures: Mapping[str, Any]) -> str:
    """A card with how much of its training text the model repeats; see `generators.training.verbatim`."""
    told = (
        f"Of {measures['samples']:,} texts, {measures['share']:.1%} repeat eight words or more of a training text as "
        f"they stand there; behind the guard, with which it writes here, {measures['guarded_share']:.1%}."
    )
    return _with_line(text, MEMORISED, told)


def with_newest(text: str, before: float, after: float) -> str:
    """A card with what the model is worth on text that is newer than all that it learnt from.

    Args:
        before: bits per character of its base.
        after: of the model.
    """
    told = (
        f"On the newest text, of which nothing was learnt, it has {after:.4f} bits per character, and its base "
        f"{before:.4f}; these are the figures that chats show. What was held out above is older, and more like what it "
        "learnt."
    )
    return _with_line(text, NEWEST, told)


def with_description(text: str, before: str, after: str) -> str:
    """A card with another description."""
    return text.replace(f"\n{_capitalised(before)}. ", f"\n{_capitalised(after)}. ", 1) if before else text


def _with_line(text: str, there: re.Pattern[str], told: str) -> str:
    """A card with a line after its measures, in place of the one like it that it may have already."""
    before, mark, after = there.sub("", text).partition(WRITTEN)
    return f"{before.rstrip()}\n\n{told}\n{mark}{after}"


def _capitalised(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _written(samples: Sequence[Sample]) -> str:
    """What the model writes, at each temperature."""
    if not samples:
        return ""
    texts = "\n\n".join(f"Temperature {sample.temperature:g}:\n\n{_fenced(sample.text)}" for sample in samples)
    prompt = samples[0].prompt
    after = f"after a passage of the text\n\n{_fenced(prompt)}" if prompt else "from nothing"
    return f"{WRITTEN} {after}\n\n{texts}\n"


def _adapting(metrics: Mapping[str, Any]) -> str:
    """What of a model an adapter is; nothing where all of it learnt."""
    trained = metrics.get("trained_parameters", metrics["parameters"])
    return "" if trained == metrics["parameters"] else f", with an adapter of {trained:,} parameters that learnt"


def _training(checks: Sequence[Check], picture: str | None) -> str:
    """How the training went: the picture, and a table of the checks, or of some of them evenly chosen."""
    shown = f"\n![The training's loss, and what was measured at its checks]({picture})\n" if picture else ""
    if not checks:
        return shown
    every = -(-len(checks) // ROWS)
    rows = [_row(check) for number, check in enumerate(checks, start=1) if number % every == 0 or number == len(checks)]
    header = "| epoch | training loss, bits per token | held out, bits per character | seconds |\n|---:|---:|---:|---:|"
    return "\n".join([shown, header, *rows, ""])


def _row(check: Check) -> str:
    loss = None if check.loss is None else check.loss / math.log(2)  # from nats, so that it is like the picture's
    return f"| {check.epoch:.4g} | {_figure(loss)} | {_figure(check.bits_per_character)} | {check.seconds:,.0f} |"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _encoding(source: Mapping[str, Any]) -> str:
    """In which encoding a source was, where that is worth a word."""
    encoding = str(source.get("encoding") or "utf-8")
    return "" if encoding.startswith("utf-8") else f" in {encoding}"


def _kinds(source: Mapping[str, Any]) -> str:
    """What kinds of text a source's documents are, where it was given with a label."""
    labels = source.get("labels") or ()
    return f", labelled {', '.join(map(_code, labels))}" if labels else ""


def _filters(lineage: Mapping[str, Any]) -> str:
    """A table of what each filter did, of those that did anything."""
    counts = {name: count for name, count in (lineage.get("filters") or {}).items() if isinstance(count, Mapping)}
    rows = [
        f"| `{name.replace('|', chr(92) + '|')}` | {count['changed']:,} | {count['removed']:,} |"
        for name, count in counts.items()
        if any(count.values())
    ]
    return "\n".join(["", "| filter | documents changed | removed |", "|---|---|---|", *rows, ""]) if rows else ""


def _generations(lineage: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The model and those that it goes on from, the first one first."""
    generations: list[Mapping[str, Any]] = []
    each: Mapping[str, Any] | None = lineage
    while each:
        generations.insert(0, each)
        each = each.get("adapter") or each["base"]
    return generations


def _cell(value: object) -> str:
    """A field's value as a table shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text.replace("|", "\\|") or "–"


def _code(name: str) -> str:
    """A name that is not taken for Markdown, between longer ticks than any in it."""
    ticks = "`" * (max((len(run) for run in re.findall("`+", name)), default=0) + 1)
    return f"{ticks}{name}{ticks}" if len(ticks) == 1 else f"{ticks} {name} {ticks}"


def _fenced(text: str) -> str:
    """What a model wrote, which may look like anything, as it is."""
    if not text.strip():
        return "(nothing)"
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    return f"{fence}text\n{text}\n{fence}"


def command(
    sources: Sequence[str],
    recipe: str | None,
    base: str | None,
    name: str,
    documents: str | None,
    options: Mapping[str, str],
    label_columns: Sequence[str] = (),
    asked: Sequence[str] = (),
    text_column: str | None = None,
) -> str:
    """The shell's command for a training; paths without their folders, which mean nothing elsewhere.

    Args:
        sources, base, name, documents, options, label_columns, text_column: as for `train`.
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
    words += ["--text-column", text_column] if text_column else []
    for column in label_columns:
        words += ["--label-column", column]
    switches = flags()
    for option, value in options.items():
        if option in switches and value.lower() in YES:
            words.append(f"--{'' if YES[value.lower()] else 'no-'}{option.replace('_', '-')}")
        else:
            words += [f"--{option.replace('_', '-')}", value]
    return shlex.join(words)
