"""`planchette compare`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from secrets import randbits
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bot.shell.evaluate import counted
from bot.shell.output import Json, Progress, check_writable, emit, note, progress, save, say, show, table
from bot.shell.train import Documents
from bot.shell.writers import Labels, at_temperature, label_of, text_of
from bot.shelves import found_anywhere, loaded
from generators.errors import Phrase

if TYPE_CHECKING:
    from generators.comparison import Compared
    from generators.completion import CompletionRequest
    from generators.local import Shelf
    from generators.training.corpus import Corpus

MOST: Final = 1_000  # samples for each prompt
REPORTS: Final = (".html", ".htm", ".md")


def compare(
    models: Annotated[list[str], typer.Argument(metavar="MODEL MODEL…", help="NAME, NAME@VERSION, or a directory.")],
    prompt: Annotated[list[str] | None, typer.Option(help="What the texts go on from; may be given again.")] = None,
    file: Annotated[list[Path] | None, typer.Option(help="Documents to predict; may be given again.")] = None,
    documents: Annotated[Documents | None, typer.Option(help="A document of a text file; as in training.")] = None,
    samples: Annotated[int, typer.Option(help="Texts for each prompt.")] = 3,
    temperature: Annotated[float | None, typer.Option(help="Of the texts; each model's own without it.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Length of a text; each model's own without it.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed writes the same texts.")] = None,
    label: Labels = None,
    report: Annotated[Path | None, typer.Option(help="Write it all into this file, .html or .md.")] = None,
    as_json: Json = False,
) -> None:
    """Compare models: size, speed, prediction, texts.

    All write with the same seed. How well they predict texts needs documents that none of them has learnt from.
    """
    from generators.completion import CompletionRequest
    from generators.errors import InvalidValue

    if len(models) < 2:
        raise typer.BadParameter("name two models or more", param_hint="MODEL")
    if report is not None and report.suffix.lower() not in REPORTS:
        raise typer.BadParameter("a report's name ends with .html or .md", param_hint="--report")
    if not 1 <= samples <= MOST:
        raise InvalidValue("samples", samples, f"a whole number from 1 to {MOST:,}")
    prompts = [text_of(each, Phrase("the prompt")) for each in prompt or [""]]
    request = CompletionRequest(
        model="",
        max_tokens=max_tokens,
        temperature=None if temperature is None else at_temperature(temperature),
        seed=randbits(63) if seed is None else seed,
        label=label_of(label),
    )
    if report is not None:
        check_writable(report)
    found = _all_found(models, request.label)
    with progress("Comparing") as shown:
        compared = [
            _measured(*each, request, prompts, samples, _corpus(file, documents), shown, number / len(found))
            for number, each in enumerate(found)
        ]
    _tell(compared, report, as_json)


def _all_found(models: Sequence[str], label: str | None) -> list[tuple[Shelf, Path]]:
    """Where the models are; one that is missing or cannot be used is known before the first is measured.

    Raises:
        UserError: there is such a one.
    """
    from bot.configuration import load_configuration
    from generators.engine.intake import labels_of
    from generators.layers import summary

    home = load_configuration().home
    found = [found_anywhere(home, name) for name in models]
    for shelf, directory in found:
        info = shelf.info(directory)
        if label is not None:
            labels_of(label, info)
        summary(directory)
    return found


def _corpus(files: Sequence[Path] | None, documents: Documents | None) -> Corpus | None:
    from generators.training.corpus import Corpus

    return Corpus(files, None if documents is None else documents.value) if files else None


def _measured(
    shelf: Shelf,
    directory: Path,
    request: CompletionRequest,
    prompts: Sequence[str],
    samples: int,
    corpus: Corpus | None,
    shown: Progress,
    done: float,
) -> Compared:
    """One model, which is given up again before the next is loaded."""
    from generators.comparison import Compared, sampled, style_of
    from generators.engine import Engine
    from generators.evaluation import evaluate
    from generators.kinds import TORCHLESS
    from generators.layers import summary

    shown.show(done, 1, detail=directory.name)
    size = summary(directory)
    if shelf.info(directory).kind not in TORCHLESS:
        with suppress(ImportError):  # which loading says in a sentence
            import torch  # noqa: F401  # ahead of the clock, or the first model would pay for it alone
    began = time.perf_counter()
    model = loaded(shelf, directory)
    load_seconds = time.perf_counter() - began
    evaluation = None if corpus is None else evaluate(model, counted(corpus, shown))
    engine = Engine(model)
    try:
        texts, speed = asyncio.run(sampled(engine, request, prompts, samples))
    finally:
        engine.close()
    return Compared(
        model.info,
        size.parameters,
        size.bytes,
        load_seconds,
        speed,
        style_of(texts),
        evaluation,
        texts,
        sorted(directory.glob("*.png")),
    )


def _tell(compared: Sequence[Compared], report: Path | None, as_json: bool) -> None:
    from bot.shell.report import html_of, markdown_of, named, rows

    if report is not None:
        markdown = report.suffix.lower() == ".md"
        save(markdown_of(compared, report.parent) if markdown else html_of(compared), report)
        note(f"The report is written to {report}.")
    if as_json:
        for one in compared:
            emit(_record(one))
        return
    note(f"All texts have the seed {compared[0].samples[0].seed}.")
    table(("", *named(compared)), [(label, *values) for label, values in rows(compared)])
    for number, sample in enumerate(compared[0].samples):
        show(f"\n— {number + 1}: {sample.prompt or '(no prompt)'}\n", dim=True)
        for name, one in zip(named(compared), compared, strict=True):
            say()
            show(f"{name}: ", dim=True)
            show(f"{one.samples[number].text}\n")


def _record(one: Compared) -> dict[str, Any]:
    from dataclasses import asdict

    from bot.shelves import described

    return {
        "model": described(one.info),
        "parameters": one.parameters,
        "bytes": one.bytes,
        "load_seconds": round(one.load_seconds, 4),
        **one.speed._asdict(),
        **asdict(one.style),
        **(one.evaluation or {}),
        "samples": [sample._asdict() for sample in one.samples],
    }
