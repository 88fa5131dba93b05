"""How well the models that ship predict held-out stories, beside textgenrnn after a CPU hour of such text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.measure import corpus, table
from benchmarks.peers import results
from benchmarks.titles import PACKAGES, PEER
from generators.evaluation import evaluate
from generators.kinds import info_of, load_model
from generators.places import shipped_directory
from generators.training.corpus import Corpus
from generators.training.documents import Document
from generators.training.filters import cleaned
from generators.training.parting import Partition
from tools.model_measures import FILTERS, SHARE, STORIES, held_out, portion

LEARNT: Final = 1_000_000  # characters of each file that the peer learns from
PREDICTED: Final = 100_000  # of each file's end; the peer reads a window of 40 for each
HOUR: Final = 3600  # CPU seconds of the peer
MODELS: Final = ("charrnn", "gpt2-stories")
GOAL: Final = 0.85


def main(_: int) -> str:
    """Once: the peer's hour is kept. All predict the same documents, their ends included."""
    files = [corpus(file) for file in STORIES]
    texts = [text for file in files for text in portion(held_out(file), PREDICTED)]
    peer = results.asked(
        "stories",
        *PEER,
        PACKAGES,
        {
            "train": [document.text for file in files for document in portion(_learnt(file), LEARNT)],
            "held_out": [document.text for document in texts],
            "new_model": False,
            "cpu_seconds": HOUR,
        },
    )
    theirs = [nats / math.log(2) for nats in peer["epochs"]]
    bits = [min(theirs), *(_bits(shipped_directory() / name, texts) for name in MODELS)]
    names = (f"textgenrnn 2.0.0, {peer['cpu_seconds']:,.0f} CPU s, its best of {len(theirs)} epochs", *MODELS)
    rows = [
        (name, f"{own:.3f}", "–" if before is None else f"{own / before:.3f}", "–" if before is None else f"≤ {GOAL}")
        for name, own, before in zip(names, bits, [None, *bits], strict=False)
    ]
    return table(
        f"Stories: bits per character of {sum(len(document.text) for document in texts):,} held-out characters",
        ("model", "bits per character", "of the line above", "to reach"),
        rows,
    )


def _learnt(file: Path) -> Sequence[Document]:
    """What models learn from: all but the file's end."""
    ends = Partition(SHARE, "end")
    read = (document for document in ends.read(Corpus([file])) if not ends.hides(document))
    return list(cleaned(read, FILTERS))


def _bits(directory: Path, texts: Sequence[Document]) -> float:
    """As the peer counts them: over the characters and the ends."""
    model = load_model(directory, info_of(directory, directory.name))
    found = evaluate(model, texts)
    return found["bits_per_character"] * found["characters"] / (found["characters"] + len(texts))
