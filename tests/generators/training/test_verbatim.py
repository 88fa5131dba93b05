"""What a new model repeats is measured, with canaries in its text, and held back by its guard."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generators import load
from generators.guard import index_in
from generators.memorisation import holds_run, index_of
from generators.training import train
from generators.training.verbatim import guarded
from tests.fakes.models import save_tiny

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
    "gen_epochs": "0",
    "filters": "nfc",
}


@pytest.mark.timeout(600)  # ten seconds of training, which a busy machine makes minutes of
def test_canaries(tmp_path: Path) -> None:
    """A model that has learnt canaries by heart is caught, and its guard lets none of them out."""
    talk = tmp_path / "talk.txt"
    talk.write_text("\n".join(CANARIES * 30))
    model = train([talk], output=tmp_path / "models" / "talk", options=BY_HEART).directory

    found = guarded(model, CANARIES, samples=32)

    index = index_of(CANARIES)
    writer = load(model)
    texts = [writer.write(canary.rpartition(" at ")[0], seed=seed) for seed in range(8) for canary in CANARIES]
    writer.close()
    assert found.share > 0.5
    assert found.guarded_share == 0
    assert not any(holds_run(text, index) for text in texts)
    assert json.loads((model / "planchette.json").read_text())["metrics"]["memorisation"]["share"] == found.share
    assert f"Of 32 texts, {found.share:.1%} repeat eight words" in (model / "README.md").read_text()


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
