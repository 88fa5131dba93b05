"""What the page about the shipped models says of each: size, prediction, and writing beside real text."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from generators.comparison import Sample, Speed, sampled
from generators.completion import CompletionRequest, ModelInfo
from generators.engine import Engine
from generators.evaluation import Evaluation, evaluate
from generators.kinds import load_model
from generators.layers import Summary, summary
from generators.local import Shelf
from generators.model import Model
from generators.passages import words_in, yardstick
from generators.style import Style, style_of
from generators.training.corpus import Corpus
from generators.training.documents import Document, Documents
from generators.training.filters import cleaned
from generators.training.parting import Partition, held_out_documents

SHARE: Final = 0.03  # of each file's bytes, at its end: what no shipped model learns from
PREDICTED: Final = 300_000  # characters of each file's end, so that a windowed model takes a minute for each
FILTERS: Final = ("stories",)  # as the shipped models' text
TEXTS: Final = 96  # of each kind, six requests
LENGTH: Final = 2_400  # characters of a text, so that there are blocks to look for quotations in
PIECE: Final = 4.0  # characters of a token that is not one, where there is no text to count them in
SEED: Final = 1
LOADS: Final = 3

STORIES: Final = ("fairy_en.txt", "children_en.txt")  # what a model is held against that does not say what it learnt
TURNS: Final = "chat_"  # files of conversations, between blank lines


@dataclass(frozen=True, slots=True)
class Writing:
    """How a model writes one kind of text: its measures, and those of real text of that kind and length."""

    style: Style
    real: Style | None


@dataclass(frozen=True, slots=True)
class Measured:
    """All that is known of a model.

    Attributes:
        ends: whether the ends of its files were held out of its training; None where it does not say.
        load_seconds: from its files to a model that can write, the packages being loaded; the best of three.
        speed: of sixteen texts side by side.
        predictions: of the end of each file that it has learnt from.
        writing: by label; None for texts without one.
    """

    info: ModelInfo
    size: Summary
    ends: bool | None
    load_seconds: float
    speed: Speed
    predictions: Mapping[str, Evaluation]
    writing: Mapping[str | None, Writing]


def measured(shelf: Shelf, directory: Path, corpora: Path | None) -> Measured:
    """Measures one model.

    Args:
        corpora: directory of the files that the models learn from; None where they are not at hand.
    """
    info = shelf.info(directory)
    seconds, model = min((_timed(directory, info) for _ in range(LOADS)), key=lambda timed: timed[0])
    learnt = kinds_of(directory)
    files = {label: [file for file in names if there(corpora, file)] for label, names in learnt.items()}
    engine = Engine(model)
    try:
        written = {label: _written(model, engine, label, _texts(corpora, names)) for label, names in files.items()}
    finally:
        engine.close()
    writing = {label: _beside(samples, corpora, files[label]) for label, (samples, _) in written.items()}
    predictions = {
        file: evaluate(model, [_labelled(one, label) for one in portion(held_out(corpora / file), PREDICTED)])
        for label, names in files.items()
        for file in names
        if corpora is not None
    }
    speed = next(speed for _, speed in written.values())
    return Measured(info, summary(directory), ends_held_out(directory), seconds, speed, predictions, writing)


def kinds_of(directory: Path) -> dict[str | None, list[str]]:
    """The files that a model has learnt from, by the label that they were given; None for those without one."""
    kinds: dict[str | None, list[str]] = {}
    for source in (source for lineage in _generations(directory) for source in lineage.get("sources") or ()):
        for label in source.get("labels") or (None,):
            if source["file"] not in kinds.setdefault(label, []):
                kinds[label].append(source["file"])
    return dict(sorted(kinds.items(), key=lambda kind: kind[0] or "")) or {None: list(STORIES)}


def ends_held_out(directory: Path) -> bool | None:
    """Whether a model, and those that it goes on from, have never learnt from the ends of their files."""
    recipes = [lineage["recipe"] for lineage in _generations(directory) if "recipe" in lineage]
    if not recipes:
        return None
    return all(recipe.get("held_out_by") == "end" and recipe.get("held_out", 0) >= SHARE for recipe in recipes)


def there(corpora: Path | None, file: str) -> bool:
    """Whether a file of the corpora is at hand."""
    return corpora is not None and (corpora / file).is_file()


@cache
def held_out(file: Path) -> tuple[Document, ...]:
    """The end of a file, prepared as what the models learn from."""
    return tuple(cleaned(held_out_documents(file, SHARE, documents_of(file)), FILTERS))


def portion(documents: Sequence[Document], characters: int) -> Iterator[Document]:
    """Documents in a drawn order, the same each time, up to so many characters; the last may be cut."""
    for document in random.Random(SEED).sample(documents, len(documents)):
        if characters <= 0:
            return
        yield replace(document, text=document.text[:characters])
        characters -= len(document.text)


@cache
def lexicon(files: tuple[Path, ...]) -> frozenset[str]:
    """The words of what models learn from, the ends being left out."""
    ends = Partition(SHARE, "end")
    read = (each for file in files for each in ends.read(Corpus([file], documents_of(file))))
    return words_in(each for each in read if not ends.hides(each))


def documents_of(file: Path) -> Documents | None:
    return "blank" if file.name.startswith(TURNS) else None


def _generations(directory: Path) -> Iterator[Mapping[str, Any]]:
    lineage = json.loads((directory / "planchette.json").read_text("utf-8"))
    while lineage:
        yield lineage
        lineage = lineage.get("adapter") or lineage.get("base")


def _timed(directory: Path, info: ModelInfo) -> tuple[float, Model[Any]]:
    began = time.perf_counter()
    model = load_model(directory, info)
    return time.perf_counter() - began, model


def _texts(corpora: Path | None, files: Sequence[str]) -> list[Document]:
    return [] if corpora is None else [document for file in files for document in held_out(corpora / file)]


def _written(
    model: Model[Any], engine: Engine, label: str | None, documents: Sequence[Document]
) -> tuple[list[Sample], Speed]:
    """Texts from nothing, by the model's own defaults but for their length."""
    read = "".join(document.text for document in portion(documents, 20_000))
    guess = 1.0 if model.info.token == "character" else PIECE
    piece = len(read) / len(model.vocabulary.encode(read)) if read else guess
    request = CompletionRequest(model=model.info.name, seed=SEED, label=label, max_tokens=round(LENGTH / piece))
    return asyncio.run(sampled(engine, request, [""], TEXTS))


def _beside(samples: Sequence[Sample], corpora: Path | None, files: Sequence[str]) -> Writing:
    if corpora is None or not files:
        return Writing(style_of(samples), None)
    words = lexicon(tuple(corpora / file for file in files))
    real = yardstick(_texts(corpora, files), [len(sample.text) for sample in samples], words)
    return Writing(style_of(samples, words), None if real is None else real.style)


def _labelled(document: Document, label: str | None) -> Document:
    return document if label is None else replace(document, labels=(label,))
