"""One training, from files to a published model, whatever its kind."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from itertools import repeat
from pathlib import Path
from typing import Any, Final

import torch

from generators.directory import full_digest
from generators.tensors import weights_digest
from generators.training.ancestry import ancestry
from generators.training.card import card
from generators.training.checkpoints import newest_usable, step_of
from generators.training.corpus import Corpus
from generators.training.curve import curve
from generators.training.errors import CannotResume, Stopped
from generators.training.history import HISTORY, History, Point, checks
from generators.training.loop import Loop
from generators.training.progress import Progress, TrainedModel
from generators.training.publishing import CARD, CURVE, LINEAGE, hardware, published, write_json
from generators.training.recipes import Recipe
from generators.training.sources import is_file
from generators.training.trainee import Trainee
from generators.training.work import emptied, held, saving, work_of

FAMILIES: Final = {  # a recipe's kind: what makes its trainee
    "charrnn": "generators.training.charrnn",
    "gpt2": "generators.training.gpt2",
}
SECONDS: Final = "seconds.json"
EPOCHS: Final = "epochs"  # in a published model: those of some epochs, for `save_epochs`
PLAN: Final = "plan.json"  # what a run was started with; only the same can be resumed


def run(
    corpus: Corpus,
    recipe: Recipe,
    base: Path | None,
    output: Path,
    command: str,
    resume: bool,
    told: Callable[[Progress], None],
    stopping: Callable[[], bool] = lambda: False,
) -> TrainedModel:
    """Trains and publishes; see `generators.training.train`."""
    torch.set_num_threads(recipe.threads)
    family = import_module(FAMILIES[recipe.kind])
    work = work_of(output)
    if base is not None:
        family.check_base(base)  # refuses a damaged one before anything is read
    plan = _plan(corpus, recipe, base)
    if resume:
        _check_resumable(work, plan)

    def reading(documents: int) -> None:
        if stopping():
            raise Stopped(0, 0, kept=resume and newest_usable(work) is not None)
        told(Progress("reading", step=documents))

    trainee: Trainee = family.trainee(corpus, recipe, base, reading)
    encodings = {source.name: encoding for source, encoding in corpus.encodings().items()}
    learnt = trainee.learnt
    told(Progress("read", step=learnt.documents, encodings=encodings, filters=learnt.filters))
    with held(work):
        if not resume:  # only now: a source that cannot be read leaves everything as it was
            with saving(work):
                emptied(work)
                write_json(work / PLAN, plan)
        clock = Clock(work / SECONDS)
        checkpoint = newest_usable(work) if resume else None
        history = History(work / HISTORY, step_of(checkpoint), clock.seconds)
        loop = Loop(trainee, recipe, work, history.noting(clock.noting(told)), stopping)
        loop.run(checkpoint)
        told(Progress("publishing", step=loop.steps, of=loop.steps))
        with saving(work):
            known = {**plan, **_read(plan, corpus), "command": command}
            trained = _publish(loop, trainee, recipe, output, known, clock.seconds(), history.points)
            shutil.rmtree(work)
    return trained


class Clock:
    """Seconds of training over all runs of a plan, kept at each check so that an interruption loses few.

    Args:
        path: file beside the checkpoints.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._before = float(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError):
            self._before = 0.0
        self._began = time.monotonic()

    def seconds(self) -> float:
        return self._before + time.monotonic() - self._began

    def noting(self, told: Callable[[Progress], None]) -> Callable[[Progress], None]:
        """`told`, with the seconds kept at each check."""

        def noted(event: Progress) -> None:
            if event.phase == "checked":
                with saving(self._path.parent):
                    self._path.write_text(f"{self.seconds():.1f}", "utf-8")
            told(event)

        return noted


def _plan(corpus: Corpus, recipe: Recipe, base: Path | None) -> dict[str, Any]:
    """Everything that decides the model, as planchette.json will record it."""
    return {
        "recipe": {
            name: value
            for name, value in json.loads(json.dumps(asdict(recipe))).items()
            if base is None or name not in recipe.decided_by(base)
        },
        **ancestry(base, recipe),
        "sources": [
            {"file": source.name, "bytes": source.stat().st_size, "sha256": full_digest(source), **_labelled(labels)}
            for source, labels in zip(corpus.sources, corpus.labels or repeat(()), strict=False)
            if is_file(source)  # one that is missing is refused, with a sentence, when it is read
        ],
        "document": corpus.documents,
        "label_columns": list(corpus.label_columns),
        "text_column": corpus.text_column,
    }


def _labelled(labels: Sequence[str]) -> dict[str, list[str]]:
    """What a source's documents are, where it was given with a label."""
    return {"labels": list(labels)} if labels else {}


def _read(plan: Mapping[str, Any], corpus: Corpus) -> dict[str, Any]:
    """The plan's sources with the encodings that they were read in."""
    encodings = corpus.encodings().values()
    return {"sources": [{**told, "encoding": name} for told, name in zip(plan["sources"], encodings, strict=True)]}


def _check_resumable(work: Path, plan: Mapping[str, Any]) -> None:
    """Makes sure that there is a run to go on with; it may have ended before its first checkpoint.

    Raises:
        CannotResume: there was no run, or it had another plan.
    """
    try:
        earlier = json.loads((work / PLAN).read_text("utf-8"))
    except (OSError, ValueError):
        raise CannotResume(str(work)) from None
    before, now = _deciding(earlier), _deciding(plan)
    if differs := tuple(name for name, value in now.items() if before.get(name) != value):
        raise CannotResume(str(work), differs)


def _deciding(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan without what only decides how long it takes: it may be resumed with more cores, or fewer."""
    recipe = {name: value for name, value in dict(plan.get("recipe") or {}).items() if name != "threads"}
    return {**plan, "recipe": recipe}


def _publish(
    loop: Loop,
    trainee: Trainee,
    recipe: Recipe,
    output: Path,
    plan: dict[str, Any],
    seconds: float,
    points: Sequence[Point],
) -> TrainedModel:
    bits = loop.bits_per_character()
    metrics = {
        "bits_per_character": bits,
        "held_out_documents": len(trainee.held_out),
        "steps": loop.steps,
        **({"average": loop.averaged} if loop.averaged else {}),
        "seconds": round(seconds, 1),
        **trainee.facts(),
    }
    lineage = {
        "description": recipe.description if bits is None else f"{recipe.description}; {bits:.2f} bits per character",
        "trained": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": hardware(),
        "documents": trainee.learnt.documents,
        "characters": trainee.learnt.characters,
        "filters": trainee.learnt.filters,
        **({"labels": dict(trainee.learnt.labels)} if trainee.learnt.labels else {}),
        "metrics": metrics,
    }
    samples = loop.samples()
    versions: list[str] = []

    def version(_: Path) -> str:
        return versions[0]

    with published(output, version) as directory:
        trainee.save(directory)
        versions.append(weights_digest(directory)[:12])  # the same training on the same machine: the same
        write_json(directory / "generation_config.json", _generation(trainee, recipe))
        lineage = {"version": versions[0], "name": output.name, "kind": recipe.kind, **lineage, **plan}
        write_json(directory / LINEAGE, lineage)
        picture = _draw(points, directory)
        (directory / CARD).write_text(card(lineage, samples, checks(points), picture), "utf-8")
        if loop.kept.exists():
            loop.kept.rename(directory / EPOCHS)
    return TrainedModel(output / versions[0], output.name, versions[0], bits, metrics)


def _draw(points: Sequence[Point], directory: Path) -> str | None:
    """Draws a training beside its model; the picture's name, None where there is none."""
    try:
        picture = curve(points)
    except ImportError:  # of matplotlib, which a training can do without
        return None
    if picture is None:
        return None
    (directory / CURVE).write_bytes(picture)
    return CURVE


def _generation(trainee: Trainee, recipe: Recipe) -> dict[str, Any]:
    return {
        "bos_token_id": trainee.vocabulary.start,
        "eos_token_id": trainee.vocabulary.end,
        "do_sample": True,
        "temperature": recipe.temperature,
        "max_new_tokens": recipe.max_tokens,
        "min_new_tokens": recipe.min_tokens,
        **({"top_k": recipe.top_k} if recipe.top_k else {}),
        **({"top_p": recipe.top_p} if recipe.top_p < 1 else {}),
        **({"repetition_penalty": recipe.repetition_penalty} if recipe.repetition_penalty != 1 else {}),
    }
