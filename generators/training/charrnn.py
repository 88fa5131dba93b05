"""Training a char-RNN, from files to a published model."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import torch
from tokenizers import Tokenizer

from generators.charrnn import load, read_info
from generators.places import found
from generators.training.card import card
from generators.training.checkpoints import newest_usable
from generators.training.corpus import Corpus
from generators.training.encoding import Prepared, prepared
from generators.training.errors import CannotResume
from generators.training.loop import Loop
from generators.training.progress import Progress, TrainedModel
from generators.training.publishing import (
    CARD,
    LINEAGE,
    digest_of,
    hardware,
    published,
    save_tokenizer,
    write_json,
)
from generators.training.recipes import SHAPE, CharRNNRecipe
from generators.training.weights import fresh, grown, reads_marks_as_straight

SECONDS: Final = "seconds.json"
PLAN: Final = "plan.json"  # what a run was started with; only the same can be resumed


def train_charrnn(
    corpus: Corpus,
    recipe: CharRNNRecipe,
    base: Path | None,
    output: Path,
    command: str,
    resume: bool,
    told: Callable[[Progress], None],
) -> TrainedModel:
    """Trains and publishes; see `generators.training.train`."""
    torch.set_num_threads(recipe.threads)
    work = output.parent / f".{output.name}.training"
    if base is not None:
        load(base, read_info(base, found(base).name))  # refuses a damaged base before anything is read
    plan = _plan(corpus, recipe, base)
    checkpoint = _resumable(work, plan) if resume else None
    tokenizer = None if base is None else Tokenizer.from_file(str(base / "tokenizer.json"))
    data = prepared(corpus, recipe, tokenizer, lambda documents: told(Progress("reading", step=documents)))
    if not resume:  # only now: a source that cannot be read leaves everything as it was
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        write_json(work / PLAN, plan)
    clock = Clock(work / SECONDS)
    model = fresh(recipe, data.tokenizer, data.learnt) if base is None else grown(base, recipe, data.tokenizer)
    loop = Loop(model, data, recipe, work, clock.noting(told))
    loop.run(checkpoint)
    told(Progress("publishing", step=loop.steps, of=loop.steps))
    trained = _publish(loop, data, recipe, output, {**plan, "command": command}, clock.seconds())
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
                self._path.write_text(f"{self.seconds():.1f}", "utf-8")
            told(event)

        return noted


def _plan(corpus: Corpus, recipe: CharRNNRecipe, base: Path | None) -> dict[str, Any]:
    """Everything that decides the model, as planchette.json will record it."""
    return {
        "recipe": {
            name: value
            for name, value in json.loads(json.dumps(asdict(recipe))).items()
            if base is None or name not in SHAPE
        },
        "base": None if base is None else _base(base),
        "sources": [
            {"file": source.name, "bytes": source.stat().st_size, "sha256": digest_of(source)}
            for source in corpus.sources
            if source.is_file()  # one that is missing is refused, with a sentence, when it is read
        ],
        "document": corpus.documents,
        "label_column": corpus.label_column,
    }


def _base(base: Path) -> dict[str, Any]:
    """What a tuned model has to know about its base: which one it is, and all that it learnt from."""
    try:
        lineage = json.loads((base / LINEAGE).read_text("utf-8"))
    except (OSError, ValueError):
        lineage = {}  # made elsewhere
    name = found(base).name
    inherited = {field: lineage.get(field) for field in ("command", "sources", "base")}
    return {
        "name": name,
        "version": read_info(base, name).version,
        "sha256": digest_of(base / "model.safetensors"),
        **inherited,
    }


def _resumable(work: Path, plan: Mapping[str, Any]) -> Path | None:
    """The checkpoint to go on from; None where the run ended before its first one.

    Raises:
        CannotResume: there was no run, or it had another plan.
    """
    try:
        earlier = json.loads((work / PLAN).read_text("utf-8"))
    except (OSError, ValueError):
        raise CannotResume(str(work)) from None
    if differs := tuple(name for name, value in plan.items() if earlier.get(name) != value):
        raise CannotResume(str(work), differs)
    return newest_usable(work)


def _publish(
    loop: Loop, data: Prepared, recipe: CharRNNRecipe, output: Path, plan: dict[str, Any], seconds: float
) -> TrainedModel:
    reads_marks_as_straight(loop.model, data.tokenizer, loop.unseen)
    bits = loop.bits_per_character()
    metrics = {
        "bits_per_character": bits,
        "held_out_documents": len(data.held_out),
        "steps": loop.steps,
        "seconds": round(seconds, 1),
        "parameters": sum(parameter.numel() for parameter in loop.model.parameters()),
    }
    lineage = {
        "description": recipe.description if bits is None else f"{recipe.description}; {bits:.2f} bits per character",
        "trained": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": hardware(),
        "documents": data.documents,
        "characters": data.characters,
        "filters": {name: data.touched[name] for name in recipe.filters},
        "metrics": metrics,
    }
    samples = loop.samples(loop.numpy_model())
    with published(output, _version) as directory:
        loop.model.config.architectures = ["CharRNNForCausalLM"]
        loop.model.save_pretrained(directory)
        save_tokenizer(data.tokenizer, directory)
        version = _version(directory)
        write_json(
            directory / "generation_config.json",
            {
                "bos_token_id": loop.model.config.bos_token_id,
                "eos_token_id": loop.model.config.eos_token_id,
                "pad_token_id": loop.model.config.pad_token_id,
                "do_sample": True,
                "temperature": recipe.temperature,
                "max_new_tokens": recipe.max_tokens,
                "min_new_tokens": recipe.min_tokens,
            },
        )
        lineage = {"version": version, "name": output.name, "kind": "charrnn", **lineage, **plan}
        write_json(directory / LINEAGE, lineage)
        (directory / CARD).write_text(card(lineage, samples), "utf-8")
    return TrainedModel(output / version, output.name, version, bits, metrics)


def _version(directory: Path) -> str:
    """Names the exact weights: the same training on the same machine gives the same version."""
    return digest_of(directory / "model.safetensors")[:12]
