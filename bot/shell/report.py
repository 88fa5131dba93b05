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
    from generators.style import Style

Row: TypeAlias = tuple[str, list[str]]

MEGABYTE: Final = 1_000_000
REAL: Final = "real text"
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


def titles(compared: Sequence[Compared], real: Style | None) -> list[str]:
    """The heads of the columns: the models, and what they are held against where there is any."""
    return named(compared) if real is None else [*named(compared), REAL]


def rows(compared: Sequence[Compared], real: Style | None) -> list[Row]:
    """The measures, each with what it is in every column of `titles`."""

    beside = [] if real is None else ["–"]

    def row(label: str, value: Callable[[Compared], str]) -> Row:
        return label, [*map(value, compared), *beside]

    def measure(label: str, value: Callable[[Style], str]) -> Row:
        styles = [one.style for one in compared]
        return label, [value(style) for style in (styles if real is None else [*styles, real])]

    return [
        row("kind", lambda one: one.info.kind),
        row("parameters", lambda one: f"{one.parameters:,}"),
        row("weights", lambda one: f"{one.bytes / MEGABYTE:,.1f} MB"),
        row("loaded in", lambda one: f"{one.load_seconds:.2f} s"),
        row("tokens a second", lambda one: f"{one.speed.tokens_per_second:,.0f}"),
        row("characters a second", lambda one: f"{one.speed.characters_per_second:,.0f}"),
        *((label, [*values, *beside]) for label, values in _predictions(compared)),
        measure("distinct words", lambda style: _share(style.distinct_1)),
        measure("distinct pairs of words", lambda style: _share(style.distinct_2)),
        measure("distinct threes of words", lambda style: _share(style.distinct_3)),
        measure("repetition", lambda style: _share(style.repetition)),
        measure("real words", lambda style: _share(style.real_words)),
        measure("paragraphs that end as sentences", lambda style: _share(style.ended_sentences)),
        measure("blocks with closed quotations", lambda style: _share(style.closed_quotes)),
        measure("characters of a text", lambda style: f"{style.length:,.0f}"),
        measure("texts that end", lambda style: _share(style.ended)),
    ]


def _predictions(compared: Sequence[Compared]) -> Iterator[Row]:
    """How well the models predict all documents, and those of each file where there are several."""
    from generators.evaluation import together

    files = list(compared[0].evaluations)
    if not files:
        return
    whole = [together(one.evaluations.values()) for one in compared]
    yield "bits per character", [f"{each['bits_per_character']:.4f}" for each in whole]
    for file in files if len(files) > 1 else ():
        yield f"… {file}", [f"{one.evaluations[file]['bits_per_character']:.4f}" for one in compared]
    yield "nats per token", [f"{each['nats_per_token']:.4f}" for each in whole]
    yield "perplexity", [f"{each['perplexity']:,.2f}" for each in whole]
    yield "predicted characters", [f"{each['characters']:,}" for each in whole]


def html_of(compared: Sequence[Compared], real: Style | None) -> str:
    """A page without scripts that needs nothing from elsewhere."""
    names = [_shown(name) for name in named(compared)]
    title = " · ".join(names)
    head = "".join(f'<th scope="col">{_shown(name)}</th>' for name in titles(compared, real))
    body = "\n".join(
        f'<tr><th scope="row">{_shown(label)}</th>{"".join(f"<td>{_shown(value)}</td>" for value in values)}</tr>'
        for label, values in rows(compared, real)
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


def markdown_of(compared: Sequence[Compared], real: Style | None, beside: Path) -> str:
    """The same as Markdown; pictures are linked.

    Args:
        beside: the directory of the file, where its links start.
    """
    names = [_cell(name) for name in named(compared)]
    heads = [_cell(title) for title in titles(compared, real)]
    lines = [f"# {' · '.join(names)}", "", f"| | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    lines += [f"| {_cell(label)} | {' | '.join(map(_cell, values))} |" for label, values in rows(compared, real)]
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
