"""The order of examples."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from generators.training import shuffling
from generators.training.shuffling import Shuffled

Integers = NDArray[np.int64]


def alike(indices: Integers) -> Integers:
    """Examples of one length."""
    return np.ones_like(indices)


@given(st.integers(1, 300), st.integers(1, 9), st.integers(0, 5))
def test_every_example_once(size: int, batch: int, seed: int) -> None:
    """An epoch has every example once, and another epoch another order."""
    order = Shuffled(size, seed, batch, lambda indices: indices % 7)
    first, second = list(order), list(order)

    assert sorted(first) == sorted(second) == list(range(size))
    assert len(order) == size
    if size > 20:
        assert first != second


@pytest.mark.parametrize("large", [1, 1000])
def test_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int) -> None:
    """An order that lies in a file is the same as one in memory, and its file is gone at once."""
    monkeypatch.setattr(shuffling, "LARGE", large)
    orders = [list(Shuffled(97, 5, 4, alike, scratch)) for scratch in (tmp_path, None)]

    assert orders[0] == orders[1]
    assert list(tmp_path.iterdir()) == []


def test_like_lengths() -> None:
    """The examples of a batch are of like length, and neither short nor long batches come first."""
    lengths = np.random.default_rng(0).integers(1, 100, 2048)
    batches = lengths[list(Shuffled(2048, 1, 16, lambda indices: lengths[indices]))].reshape(-1, 16)

    assert batches.sum() / (16 * batches.max(1)).sum() > 0.94
    assert abs(np.corrcoef(batches.mean(1), np.arange(len(batches)))[0, 1]) < 0.3


def test_company() -> None:
    """Whose batch an example shares changes from epoch to epoch, also where all are of one length."""
    order = Shuffled(160, 3, 4, alike)
    pairs = Counter[frozenset[int]]()
    for _ in range(10):
        for batch in np.array(list(order)).reshape(-1, 4).tolist():
            pairs.update(frozenset((one, other)) for one in batch for other in batch if one < other)

    assert max(pairs.values()) <= 4  # one pair is expected 10 · 3/159 times


def test_resumed() -> None:
    """A training that goes on in an epoch has that epoch's order."""
    whole, resumed = Shuffled(50, 1, 4, alike), Shuffled(50, 1, 4, alike)
    epochs = [list(whole), list(whole), list(whole)]

    resumed.set_epoch(2)

    assert list(resumed) == epochs[2]
