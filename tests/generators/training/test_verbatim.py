"""What a new model repeats is measured, with canaries in its text, and held back by its guard."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators import load
from generators.guard import index_in
from generators.memorisation import holds_run, index_of
from generators.training import Progress, train
from generators.training.sealed import SealedWriter
from generators.training.verbatim import guarded
from tests.fakes.models import save_tiny

KEY = bytes(range(32))
CANARIES = (
    "the secret of the blue door is forty seven green lanterns at dawn",
    "call aunt mathilda on the old number nine three one before noon",
)
BY_HEART = {
    "word_level": "yes",
    "min_count": "1",
    "hidden_size": "48",
    "embedding_size": "24",
    "layers": "1",
    "epochs": "8",
    "batch_size": "8",
    "window": "16",
    "dropout": "0",
    "held_out": "0",
    "filters": "nfc",
}


def talk(directory: Path) -> Path:
    """A sealed text with canaries, each often enough to be learnt by heart."""
    with SealedWriter(directory / "talk.sealed", KEY) as writer:
        for canary in CANARIES * 30:
            writer.write(canary)
    return directory / "talk.sealed"


def card_of(model: Path) -> str:
    return (model / "README.md").read_text("utf-8")


@pytest.mark.timeout(600)
def test_nothing_before_the_guard(tmp_path: Path) -> None:
    """Nobody sees what a model writes that learns from sealed text before it has its guard; then its card has texts."""
    events: list[Progress] = []
    options = {**BY_HEART, "epochs": "1"}

    model = train([talk(tmp_path)], output=tmp_path / "talk", options=options, corpus_key=KEY, progress=events.append)
    before = card_of(model.directory)
    guarded(model.directory, CANARIES, samples=1)

    assert [event.phase for event in events].count("checked") == 1
    assert not any(event.samples for event in events)
    assert "What it writes" not in before
    written = card_of(model.directory).partition("## What it writes from nothing")[2].partition("## Recipe")[0]
    assert [f"Temperature {heat}:" in written for heat in ("0.2", "0.5", "1")] == [True] * 3


@pytest.mark.timeout(600)  # ten seconds of training, which a busy machine makes minutes of
def test_canaries(tmp_path: Path) -> None:
    """A model that has learnt canaries by heart is caught, and its guard lets none of them out."""
    model = train([talk(tmp_path)], output=tmp_path / "talk", options=BY_HEART, corpus_key=KEY).directory

    found = guarded(model, CANARIES, samples=32)

    index = index_of(CANARIES)
    writer = load(model)
    texts = [writer.write(canary.rpartition(" at ")[0], seed=seed) for seed in range(8) for canary in CANARIES]
    writer.close()
    assert found.share > 0.5
    assert found.guarded_share == 0
    assert not any(holds_run(text, index) for text in texts)
    assert json.loads((model / "planchette.json").read_text())["metrics"]["memorisation"]["share"] == found.share
    assert f"Of 32 texts, {found.share:.1%} repeat eight words" in card_of(model)
    assert not holds_run(card_of(model), index)


def test_what_the_base_learnt(tmp_path: Path) -> None:
    """A model that goes on from a guarded one keeps to what that one learnt, too; done again it is the same."""
    base, model = save_tiny(tmp_path / "base" / "1"), save_tiny(tmp_path / "model" / "1")
    guarded(base, CANARIES[:1], samples=1)

    for _ in range(2):
        found = guarded(model, CANARIES[1:], base=base, samples=1)

    index = index_in(model)
    assert index is not None
    assert found.runs == len(index_of(CANARIES).hashes)
    assert all(holds_run(canary, index) for canary in CANARIES)
