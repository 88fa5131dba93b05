"""`planchette compare`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from secrets import randbits
from statistics import fmean
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bot.shell.evaluate import counted
from bot.shell.output import Json, Progress, check_writable, emit, note, progress, save, say, show, table
from bot.shell.train import Documents
from bot.shell.writers import Labels, at_temperature, label_of, open_desk, text_of
from bot.shelves import found_anywhere, loaded
from generators.errors import Phrase

if TYPE_CHECKING:
    from generators.comparison import Compared
    from generators.completion import CompletionRequest, ModelInfo
    from generators.local import Shelf
    from generators.style import Style
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
    words: Annotated[
        list[Path] | None, typer.Option(help="Text whose words count as real; those of --file without it.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write it all into this file, .html or .md.")] = None,
    as_json: Json = False,
) -> None:
    """Compare models: size, speed, prediction, texts.

    All write with the same seed. How well they predict texts needs documents that none of them has learnt from; the
    column «real text» has the measures of writing for passages of these documents.
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
    corpora = {str(each): _corpus([each], documents) for each in file or ()}
    lexicon = _corpus(words, documents) if words else None
    if lexicon is not None:
        lexicon.encodings()  # a file that cannot be read is known before the first model is measured
    with progress("Comparing") as shown:
        compared = [
            _measured(*each, request, prompts, samples, corpora, shown, number / len(found))
            for number, each in enumerate(found)
        ]
        compared, real = _beside_real_text(compared, _corpus(file, documents) if file else None, lexicon)
    _tell(compared, real, report, as_json)


def _all_found(models: Sequence[str], label: str | None) -> list[tuple[Shelf, Path]]:
    """Where the models are; one that is missing or cannot be used is known before the first is measured.

    Raises:
        UserError: there is such a one.
    """
    from bot.configuration import load_configuration
    from generators.layers import summary

    home = load_configuration().home
    found = [found_anywhere(home, name) for name in models]
    infos = [shelf.info(directory) for shelf, directory in found]
    if label is not None:
        asyncio.run(_check_label(label, infos))
    for _, directory in found:
        summary(directory)
    return found


async def _check_label(label: str, infos: Sequence[ModelInfo]) -> None:
    from bot.labels import check_label

    async with open_desk() as desk:
        listed = await desk.models.all()
    for info in infos:
        check_label(label, info, listed)


def _corpus(files: Sequence[Path], documents: Documents | None) -> Corpus:
    from generators.training.corpus import Corpus

    return Corpus(files, None if documents is None else documents.value)


def _measured(
    shelf: Shelf,
    directory: Path,
    request: CompletionRequest,
    prompts: Sequence[str],
    samples: int,
    corpora: Mapping[str, Corpus],
    shown: Progress,
    done: float,
) -> Compared:
    """One model, which is given up again before the next is loaded."""
    from generators.comparison import Compared, sampled
    from generators.engine import Engine
    from generators.evaluation import evaluate
    from generators.kinds import TORCHLESS
    from generators.layers import summary
    from generators.style import style_of

    shown.show(done, 1, detail=directory.name)
    size = summary(directory)
    if shelf.info(directory).kind not in TORCHLESS:
        with suppress(ImportError):  # which loading says in a sentence
            import torch  # noqa: F401  # ahead of the clock, or the first model would pay for it alone
    began = time.perf_counter()
    model = loaded(shelf, directory)
    load_seconds = time.perf_counter() - began
    evaluations = {name: evaluate(model, counted(corpus, shown)) for name, corpus in corpora.items()}
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
        evaluations,
        texts,
        sorted(directory.glob("*.png")),
    )


def _beside_real_text(
    compared: Sequence[Compared], held_out: Corpus | None, words: Corpus | None
) -> tuple[list[Compared], Style | None]:
    """The models with their share of real words, and the same measures of passages as long as their texts are."""
    from generators.passages import words_in, yardstick
    from generators.style import style_of

    lexicon: Collection[str] | None = None if words is None else words_in(words)
    real = None
    if held_out is not None:
        lengths = [
            round(fmean(len(sample.text) for sample in those))
            for those in zip(*(one.samples for one in compared), strict=True)
        ]
        measured = yardstick(held_out, lengths, lexicon)
        if measured is not None:
            real, lexicon = measured
    return [replace(one, style=style_of(one.samples, lexicon)) for one in compared], real


def _tell(compared: Sequence[Compared], real: Style | None, report: Path | None, as_json: bool) -> None:
    from bot.shell.report import html_of, markdown_of, named, rows, titles

    if report is not None:
        markdown = report.suffix.lower() == ".md"
        save(markdown_of(compared, real, report.parent) if markdown else html_of(compared, real), report)
        note(f"The report is written to {report}.")
    if as_json:
        for one in compared:
            emit(_record(one, real))
        return
    note(f"All texts have the seed {compared[0].samples[0].seed}.")
    table(("", *titles(compared, real)), [(label, *values) for label, values in rows(compared, real)])
    for number, sample in enumerate(compared[0].samples):
        show(f"\n— {number + 1}: {sample.prompt or '(no prompt)'}\n", dim=True)
        for name, one in zip(named(compared), compared, strict=True):
            say()
            show(f"{name}: ", dim=True)
            show(f"{one.samples[number].text}\n")


def _record(one: Compared, real: Style | None) -> dict[str, Any]:
    from dataclasses import asdict

    from bot.shelves import described
    from generators.evaluation import together

    return {
        "model": described(one.info),
        "parameters": one.parameters,
        "bytes": one.bytes,
        "load_seconds": round(one.load_seconds, 4),
        **one.speed._asdict(),
        **asdict(one.style),
        **(together(one.evaluations.values()) if one.evaluations else {}),
        "files": dict(one.evaluations),
        "real_text": None if real is None else asdict(real),
        "samples": [sample._asdict() for sample in one.samples],
    }
