"""What is learnt from, and what is held out."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from generators.training.parting import parted


def given(places: list[float]) -> Iterable[tuple[float, list[int]]]:
    return [(place, [0, number, 0]) for number, place in enumerate(places, 1)]


@pytest.mark.parametrize(
    ("places", "share", "learnt", "held_out"),
    [
        ([0.1, 0.9, 0.3, 0.8], 0.5, [2, 4], [1, 3]),
        ([0.5, 0.2, 0.9], 0.1, [1, 3], [2]),
        ([0.01, 0.03, 0.02], 0.5, [2], [1, 3]),
        ([0.5, 0.2, 0.9], 0, [1, 2, 3], []),
        ([0.5, 0.5], 0.1, [1, 2], []),
        ([], 0.5, [], []),
    ],
)
def test_parted(places: list[float], share: float, learnt: list[int], held_out: list[int]) -> None:
    """Documents are parted by their places; where that leaves a side empty, by the lowest or the highest."""
    parts = parted(given(places), share, 100)

    assert [[int(part[number][1]) for number in range(len(part))] for part in parts] == [learnt, held_out]
