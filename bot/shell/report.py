"""A comparison of models as a page or a Markdown file, complete in itself."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote

from bot.platforms.terminal import printable

if TYPE_CHECKING:
    from generators.comparison import Compared

Row: TypeAlias = tuple[str, list[str]]

MEGABYTE: Final = 1_000_000
STYLE: Final = """\
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .8rem; text-align: right; vertical-align: top; }
th:first-child { text-align: left; font-weight: normal; }
thead th { font-weight: bold; overflow-wrap: break-word; }
.wide { overflow-x: auto; }
.side { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
figure { background: var(--soft); border-radius: .5rem; margin: 0; padding: .8rem 1rem; }
figcaption { font-size: .85rem; opacity: .7; }
p.text { margin: .3rem 0 0; overflow-wrap: anywhere; white-space: pre-wrap; }
img { background: #fff; max-width: 100%; }
@media print { body { max-width: none; } figure { break-inside: avoid; } }
"""


def named(compared: Sequence[Compared]) -> list[str]:
    """What each model is called: its name, with its version where two have the same."""
    counts = Counter(one.info.name for one in compared)
    return [one.info.name if counts[one.info.name] == 1 else f"{one.info.name}@{one.info.version}" for one in compared]


def rows(compared: Sequence[Compared]) -> list[Row]:
    """The measures, each with what it is for every model."""

    def row(label: str, value: Callable[[Compared], str]) -> Row:
        return label, [value(one) for one in compared]

    found = [
        row("kind", lambda one: one.info.kind),
        row("parameters", lambda one: f"{one.parameters:,}"),
        row("weights", lambda one: f"{one.bytes / MEGABYTE:,.1f} MB"),
        row("loaded in", lambda one: f"{one.load_seconds:.2f} s"),
        row("tokens a second", lambda one: f"{one.speed.tokens_per_second:,.0f}"),
        row("characters a second", lambda one: f"{one.speed.characters_per_second:,.0f}"),
    ]
    evaluations = [one.evaluation for one in compared if one.evaluation is not None]
    if evaluations:
        found += [
            ("bits per character", [f"{each['bits_per_character']:.4f}" for each in evaluations]),
            ("nats per token", [f"{each['nats_per_token']:.4f}" for each in evaluations]),
            ("perplexity", [f"{each['perplexity']:,.2f}" for each in evaluations]),
            ("predicted characters", [f"{each['characters']:,}" for each in evaluations]),
        ]
    return [
        *found,
        row("distinct words", lambda one: _share(one.style.distinct_1)),
        row("distinct pairs of words", lambda one: _share(one.style.distinct_2)),
        row("distinct threes of words", lambda one: _share(one.style.distinct_3)),
        row("repetition", lambda one: _share(one.style.repetition)),
        row("characters of a text", lambda one: f"{one.style.length:,.0f}"),
        row("texts that end", lambda one: _share(one.style.ended)),
    ]


def html_of(compared: Sequence[Compared]) -> str:
    """A page without scripts that needs nothing from elsewhere."""
    names = [_shown(name) for name in named(compared)]
    title = " · ".join(names)
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = "\n".join(
        f'<tr><th scope="row">{label}</th>{"".join(f"<td>{_shown(value)}</td>" for value in values)}</tr>'
        for label, values in rows(compared)
    )
    parts = [
        f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>',
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>\n{STYLE}</style>',
        f"<h1>{title}</h1>",
        f'<div class="wide"><table>\n<thead><tr><th></th>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>',
        "<h2>Texts</h2>",
        *_texts(compared, names),
        *_pictures(compared, names),
    ]
    return "\n".join(parts) + "\n</html>\n"


def markdown_of(compared: Sequence[Compared], beside: Path) -> str:
    """The same as Markdown; pictures are linked.

    Args:
        beside: the directory of the file, where its links start.
    """
    names = [_cell(name) for name in named(compared)]
    lines = [f"# {' · '.join(names)}", "", f"| | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    lines += [f"| {label} | {' | '.join(map(_cell, values))} |" for label, values in rows(compared)]
    for number, sample in enumerate(compared[0].samples):
        lines += ["", f"## Seed {sample.seed}", "", *_fenced(sample.prompt)]
        for name, one in zip(names, compared, strict=True):
            lines += ["", f"{name}:", "", *_fenced(one.samples[number].text)]
    for name, one in zip(names, compared, strict=True):
        links = [
            (_cell(picture.stem), quote(Path(os.path.relpath(picture, beside)).as_posix())) for picture in one.pictures
        ]
        lines += [line for stem, link in links for line in ("", f"![{name}: {stem}](<{link}>)")]
    return "\n".join(lines) + "\n"


def _texts(compared: Sequence[Compared], names: Sequence[str]) -> Iterator[str]:
    for number, sample in enumerate(compared[0].samples):
        yield f'<h3 dir="auto">{_shown(sample.prompt) or "(no prompt)"}</h3>\n<div class="side">'
        for name, one in zip(names, compared, strict=True):
            its = one.samples[number]
            ended = " · ended" if its.ended else ""
            caption = f"<figcaption>{name} · {its.tokens:,} tokens · seed {its.seed}{ended}</figcaption>"
            yield f'<figure>{caption}<p class="text" dir="auto">{_shown(its.text)}</p></figure>'
        yield "</div>"


def _pictures(compared: Sequence[Compared], names: Sequence[str]) -> Iterator[str]:
    if not any(one.pictures for one in compared):
        return
    yield '<h2>Pictures</h2>\n<div class="side">'
    for name, one in zip(names, compared, strict=True):
        for picture in one.pictures:
            data = b64encode(picture.read_bytes()).decode()
            caption = f"{name}: {_shown(picture.stem)}"
            image = f'<img alt="{caption}" src="data:image/png;base64,{data}">'
            yield f"<figure><figcaption>{caption}</figcaption>{image}</figure>"
    yield "</div>"


def _fenced(text: str) -> list[str]:
    """A text as it is, between fences that are longer than any in it."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    return [f"{fence}text", printable(text), fence]


def _cell(text: str) -> str:
    """A name that neither ends its column nor is taken for Markdown."""
    return re.sub(r"([\\`*\[\]<>|])", r"\\\1", printable(text)).replace("\n", " ")


def _shown(text: str) -> str:
    """A text that neither a page nor a reader takes for anything else; a model may write any character."""
    return escape(printable(text))


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
