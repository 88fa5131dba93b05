"""Writes docs/models.md's tables, docs/samples.md and each card's measures from the models that ship.

    python -m tools.model_pages                      # reads ../shared/corpora and ../shared/textgenrnn
    python -m tools.model_pages --shared DIRECTORY   # which holds the texts that the models learnt from, and a peer

Without these it says so, and leaves out what needs them: bits per character, the measures of real text, textgenrnn.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from generators.evaluation import together
from generators.importing import import_textgenrnn
from generators.local import Shelf
from generators.places import shipped_directory
from generators.style import Style
from tools.model_measures import LENGTH, PREDICTED, SHARE, STORIES, TEXTS, Measured, kinds_of, measured, there
from tools.model_samples import samples_page

ROOT: Final = Path(__file__).parent.parent
MODELS: Final = ROOT / "docs" / "models.md"
SAMPLES: Final = ROOT / "docs" / "samples.md"
BEGIN: Final = "<!-- python -m tools.model_pages writes from here -->"
END: Final = "<!-- to here -->"
PEER: Final = "textgenrnn"
PEER_WEIGHTS: Final = "textgenrnn_weights.hdf5"
MEGABYTE: Final = 1_000_000

MEASURES: Final[Sequence[tuple[str, Callable[[Style], float | None]]]] = (
    ("real words", lambda style: style.real_words),
    ("sentences end", lambda style: style.ended_sentences),
    ("quotations close", lambda style: style.closed_quotes),
    ("distinct words", lambda style: style.distinct_1),
    ("distinct threes", lambda style: style.distinct_3),
    ("repetition", lambda style: style.repetition),
)


def between(page: str, written: str) -> str:
    """A page with what stands between its markers replaced.

    Raises:
        ValueError: it does not have both markers.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {BEGIN} and {END}, with what is measured between them")
    return f"{before}{BEGIN}\n\n{written.strip()}\n\n{END}{after}"


def tables(models: Sequence[Measured]) -> str:
    """What the models are, how well they predict, and how they write, as Markdown."""
    parts = [*_sizes(models), "", *_predictions(models), "", *_writing(models)]
    return "\n".join(parts)


def measures(one: Measured) -> str:
    """What a model's card says of how well it predicts, and how it writes."""
    rows = [f"| {file.removesuffix('.txt')} | {_bits(one, [file])} |" for file in sorted(one.predictions)]
    header = ["| bits per character of its files' ends | |", "|---|---:|"]
    return "\n".join([*([*header, *rows, ""] if rows else []), *_writing([one])])


def _sizes(models: Sequence[Measured]) -> Iterator[str]:
    yield "| model | parameters | weights | loaded in | characters a second | writes |"
    yield "|---|---:|---:|---:|---:|---|"
    for one in models:
        size, speed = one.size, one.speed
        yield (
            f"| `{one.info.name}` | {size.parameters:,} | {size.bytes / MEGABYTE:.1f} MB | {one.load_seconds:.2f} s "
            f"| {speed.characters_per_second:,.0f} | {one.info.description} |"
        )
    if any(one.info.name == PEER for one in models):
        yield f"\n`{PEER}` does not ship, and stands here for comparison."


def _predictions(models: Sequence[Measured]) -> Iterator[str]:
    files = sorted({file for one in models for file in one.predictions})
    if not files:
        return
    yield "### Bits per character of text that is held out\n"
    yield f"Of the last {SHARE:.0%} of each file, by document; where that is more, of {PREDICTED:,} drawn characters.\n"
    yield f"| | {' | '.join(f'`{one.info.name}`' for one in models)} |"
    yield f"|---|{'---:|' * len(models)}"
    for row in (*([file] for file in files), list(STORIES)):
        name = " + ".join(file.removesuffix(".txt") for file in row)
        yield f"| {name} | {' | '.join(_bits(one, row) for one in models)} |"
    if any(one.predictions and one.ends is False for one in models):
        yield "\n\\* The model has learnt from some of this text."


def _bits(one: Measured, files: Sequence[str]) -> str:
    if any(file not in one.predictions for file in files):
        return "–"
    bits = together(one.predictions[file] for file in files)["bits_per_character"]
    return f"{bits:.3f}" + ("\\*" if one.ends is False else "")


def _writing(models: Sequence[Measured]) -> Iterator[str]:
    yield "### Measures of writing\n"
    yield f"Of {TEXTS} texts from nothing, of up to about {LENGTH:,} characters, and of as many passages as long.\n"
    yield f"| | {' | '.join(name for name, _ in MEASURES)} | characters |"
    yield f"|---|{'---:|' * (len(MEASURES) + 1)}"
    for one in models:
        for label, writing in one.writing.items():
            name = f"`{one.info.name}`" + (f", `{label}`" if label else "")
            yield row(name, writing.style)
            if writing.real is not None:
                yield row("… real text", writing.real)


def row(name: str, style: Style) -> str:
    """The measures of some texts, in the order of `MEASURES`."""
    shares = (value(style) for _, value in MEASURES)
    cells = ["–" if share is None else f"{share:.1%}" for share in shares]
    return f"| {name} | {' | '.join(cells)} | {style.length:,.0f} |"


def _shipped() -> list[tuple[Shelf, Path]]:
    shelf = Shelf(shipped_directory(), shipped=True)
    found = [(shelf, directory) for name in shelf.names() if (directory := shelf.directory(name)) is not None]
    return sorted(found, key=lambda each: each[1].name)


def _peer(shared: Path, models: Path) -> list[tuple[Shelf, Path]]:
    """textgenrnn's default model, imported into a directory of its own; none where its files are not at hand."""
    weights = shared / "textgenrnn" / PEER_WEIGHTS
    if not weights.is_file():
        _note(f"{weights} is missing, so textgenrnn's default model stands in none of the tables.")
        return []
    imported = import_textgenrnn(weights, models, name=PEER)
    return [(Shelf(models), imported.directory)]


def _corpora(shared: Path, models: Sequence[tuple[Shelf, Path]]) -> Path | None:
    corpora = shared / "corpora"
    needed = {file for _, directory in models for files in kinds_of(directory).values() for file in files}
    missing = sorted(file for file in needed if not there(corpora, file))
    if missing:
        _note(
            f"{corpora} lacks {', '.join(missing)}, so the prediction of these and the measures of their real text are "
            "left out; --shared names another directory."
        )
    return corpora if len(missing) < len(needed) else None


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures all models, which takes some minutes, and writes the two pages."""
    parser = argparse.ArgumentParser(prog="python -m tools.model_pages", description="Writes the models' pages.")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared", help="holds corpora/ and textgenrnn/")
    shared: Path = parser.parse_args(arguments).shared
    page = MODELS.read_text("utf-8")
    for marked in (MODELS, *(directory / "README.md" for _, directory in _shipped())):
        between(marked.read_text("utf-8"), "")  # a page without markers is refused before the work, not after it
    with TemporaryDirectory() as scratch:
        models = [*_shipped(), *_peer(shared, Path(scratch))]
        corpora = _corpora(shared, models)
        found = []
        for shelf, directory in models:
            _note(f"measuring {shelf.info(directory).name}")
            found.append(measured(shelf, directory, corpora))
        MODELS.write_text(between(page, tables(found)), "utf-8")
        for (shelf, directory), one in zip(models, found, strict=True):
            if shelf.shipped:
                card = directory / "README.md"
                card.write_text(between(card.read_text("utf-8"), measures(one)), "utf-8")
        _note("writing samples")
        SAMPLES.write_text(samples_page(models), "utf-8")


if __name__ == "__main__":
    main()
