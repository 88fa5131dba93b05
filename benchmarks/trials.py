"""What the recipe of `gpt2-stories` follows, at small scale: the table of trials in docs/models.md."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.learning import UNMEASURED, learnt
from benchmarks.measure import corpus, table
from generators.evaluation import evaluate
from generators.kinds import info_of, load_model
from generators.training.corpus import Document
from tools.model_measures import SHARE, STORIES, portion
from tools.sampling_defaults import before_ends

SIMPLE: Final = ("fairy_en.txt", "children_en.txt", "tinystories_en.txt")
ALL: Final = (*SIMPLE, "magic_school_en.txt", "novels_en.txt")
SHARE_OF_SIMPLE: Final = 0.62  # of all text's characters
EPOCHS: Final = 0.041  # of all text: 570,000 tokens, about three CPU minutes
PREDICTED: Final = 60_000  # characters of each file, from before its end
ARCHITECTURE: Final[Mapping[str, object]] = {
    "vocabulary_size": 8_000,
    "layers": 4,
    "heads": 4,
    "width": 256,
    "context": 256,
}
BASE: Final[Mapping[str, object]] = {
    **UNMEASURED,
    "held_out": 2 * SHARE,  # the last half is for the tables of models, the first for trials
    "held_out_by": "end",
    "validation": "false",
    "window": 256,
    "epochs": EPOCHS,
    # the recipe's own, which a training that goes on would not have
    "filters": "stories",
    "dropout": 0.0,
    "batch_size": 16,
    "optimizer": "muon",
    "learning_rate": 0.005,
    "weight_decay": 0.02,
    "schedule": "wsd",
}


class Stage(NamedTuple):
    """A training, from nothing or from the one before it."""

    files: Sequence[str]
    options: Mapping[str, object]


TRIALS: Final[Mapping[str, Sequence[Stage]]] = {
    "as above": (Stage(ALL, {}),),
    "AdamW 0.01 for the rest": (Stage(ALL, {"learning_rate": 0.01}),),
    "dropout 0.1": (Stage(ALL, {"dropout": 0.1}),),
    "weight decay 0.1": (Stage(ALL, {"weight_decay": 0.1}),),
    "cosine": (Stage(ALL, {"schedule": "cosine"}),),
    "AdamW alone, 0.003": (Stage(ALL, {"optimizer": "adamw", "learning_rate": 0.003}),),
    "6 × 384, about half as many tokens": (
        Stage(ALL, {"layers": 6, "heads": 6, "width": 384, "epochs": EPOCHS / 2.1}),
    ),
    "simple stories first, then all": (
        Stage(SIMPLE, {"epochs": EPOCHS / 2 / SHARE_OF_SIMPLE, "schedule": "constant"}),
        Stage(ALL, {"epochs": EPOCHS / 2, "warmup": 0, "decay": 0.6}),
    ),
    "all first, simple stories while the rate falls": (
        Stage(ALL, {"epochs": EPOCHS * 0.7, "schedule": "constant"}),
        Stage(SIMPLE, {"epochs": EPOCHS * 0.3 / SHARE_OF_SIMPLE, "warmup": 0, "decay": 1}),
    ),
}


def main(_: int) -> str:
    """Once; about three quarters of an hour on one thread."""
    texts = [text for file in STORIES for text in portion(list(before_ends(corpus(file))), PREDICTED)]
    rows = []
    for name, stages in TRIALS.items():
        rows.append(_row(name, stages, texts))
        print(*rows[-1], sep=" | ", file=sys.stderr, flush=True)
    return table("GPT-2 of 4 × 256 after 570,000 tokens", ("trial", "CPU s of its steps", "bits per character"), rows)


def _row(name: str, stages: Sequence[Stage], texts: Sequence[Document]) -> tuple[str, str, str]:
    spent = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        kind: dict[str, Any] = {"recipe": "gpt2-stories"}
        given: Mapping[str, object] = {**BASE, **ARCHITECTURE}
        for number, (files, options) in enumerate(stages):
            sources = [corpus(file) for file in files]
            model = learnt(sources, Path(scratch) / str(number), {**given, **options}, **kind)
            spent += model.steps * model.cpu_per_step
            given, kind = BASE, {"base": model.directory}
        writer = load_model(model.directory, info_of(model.directory, "trial"), threads=1)
        bits = evaluate(writer, texts)["bits_per_character"]
    return name, f"{spent:.0f}", f"{bits:.3f}"
