"""The order of examples."""

from __future__ import annotations

from pathlib import Path

import pytest
from accelerate.data_loader import SeedableRandomSampler

from generators.training import shuffling
from generators.training.shuffling import Shuffled


@pytest.mark.parametrize("large", [1, 1000])
def test_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int) -> None:
    """The order of each epoch is that of accelerate's sampler, also where it lies in a file, which is gone at once."""
    monkeypatch.setattr(shuffling, "LARGE", large)
    monkeypatch.setattr(shuffling, "BLOCK", 10)
    theirs, ours = SeedableRandomSampler(range(97), data_seed=5), Shuffled(97, 5, tmp_path)

    assert [list(ours), list(ours)] == [list(theirs), list(theirs)]
    assert len(ours) == 97
    assert list(tmp_path.iterdir()) == []


def test_resumed() -> None:
    """A training that goes on in an epoch has that epoch's order."""
    whole, resumed = Shuffled(50, 1), Shuffled(50, 1)
    epochs = [list(whole), list(whole), list(whole)]

    resumed.set_epoch(2)

    assert list(resumed) == epochs[2]
