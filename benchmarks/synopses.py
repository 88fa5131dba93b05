"""A word-level LSTM against a GPT-2 on the same synopses: what docs/lstm-against-gpt2.md shows."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.learning import Learnt, learnt
from benchmarks.measure import corpus, table
from generators.comparison import sampled
from generators.completion import CompletionRequest
from generators.engine import Engine
from generators.evaluation import evaluate
from generators.kinds import info_of, load_model
from generators.layers import summary
from generators.places import shipped_directory
from generators.style import style_of
from generators.training.corpus import Corpus
from generators.training.documents import Document
from generators.training.filters import cleaned
from generators.training.windows import place

SOURCE: Final = "anime_synopses.txt"
FILTERS: Final = ("anime",)
HELD_OUT: Final = 0.05
KEPT: Final = {"held_out": HELD_OUT, "validation": "false", "gen_epochs": 0, "checks": 0.001, "filters": "anime"}
# The recipe's own schedule waits for held-out bits; here nobody looks at held-out text before the table.
WORD_LSTM: Final = {"epochs": 4, "schedule": "cosine"}
# The best of 1e-4, 5e-4 and 1.5e-3 after an eighth of an epoch.
FINE_TUNING: Final = {"epochs": 2, "learning_rate": 1.5e-3}
PROMPTS: Final = ("", "In the year 2074,", "High school student")
TEXTS: Final = 4  # of each prompt; the page shows the first
WORDS: Final = 48  # texts from nothing whose writing is measured


def main(_: int) -> str:
    """Once; about half an hour on one thread. Samples follow the table."""
    source = corpus(SOURCE)
    documents = list(cleaned(iter(Corpus([source])), FILTERS))
    unseen = [document for document in documents if place(document.text) < HELD_OUT]
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        base = shipped_directory() / "gpt2-stories"
        models = {
            "word-lstm, from nothing, 4 epochs": _learnt(source, out / "word-lstm", WORD_LSTM, recipe="word-lstm"),
            "gpt2-stories, fine-tuned, 2 epochs": _learnt(source, out / "gpt2", FINE_TUNING, base=base),
        }
        rows = [_row(name, model, unseen) for name, model in models.items()]
        samples = [line for name, model in models.items() for line in _samples(name, model)]
    header = ("model", "parameters", "MB", "CPU s", "bits per character", "distinct threes", "repetition")
    title = f"Synopses: {len(unseen):,} of {len(documents):,} held out"
    return "\n".join([table(title, header, rows), *samples])


def _learnt(source: Path, output: Path, options: Mapping[str, object], **kind: Any) -> Learnt:
    return learnt([source], output, {**KEPT, **options}, **kind)


def _row(name: str, model: Learnt, unseen: Sequence[Document]) -> tuple[str, ...]:
    size = summary(model.directory)
    loaded = load_model(model.directory, info_of(model.directory, "synopses"), threads=1)
    bits = evaluate(loaded, unseen)["bits_per_character"]
    engine = Engine(loaded)
    try:
        request = CompletionRequest(model="synopses", seed=1)
        texts, _ = asyncio.run(sampled(engine, request, [""], WORDS))
    finally:
        engine.close()
    style = style_of(texts)
    shares = [f"{share or 0:.1%}" for share in (style.distinct_3, style.repetition)]
    size_facts = (f"{size.parameters:,}", f"{size.bytes / 1e6:.1f}")
    return name, *size_facts, f"{model.cpu_seconds:.0f}", f"{bits:.3f}", *shares


def _samples(name: str, model: Learnt) -> Iterator[str]:
    engine = Engine(load_model(model.directory, info_of(model.directory, "synopses"), threads=1))
    request = CompletionRequest(model="synopses", seed=1)
    try:
        texts, _ = asyncio.run(sampled(engine, request, PROMPTS, TEXTS))
    finally:
        engine.close()
    for sample in texts:
        yield f"\n{name}, seed {sample.seed}, from «{sample.prompt}»:\n\n{sample.prompt}{sample.text}"
