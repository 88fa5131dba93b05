from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.training import held_out as module
from generators.training.held_out import sampled, whole
from generators.training.windows import Encoded

LENGTHS = st.lists(st.integers(0, 300), min_size=1, max_size=6)


def documents(lengths: list[int]) -> Encoded:
    return Encoded.of([[document] * length for document, length in enumerate(lengths)], 1000)


def predicted(texts: list[list[int]]) -> int:
    return sum(len(text) - 1 for text in texts)


@given(LENGTHS)
def test_whole(lengths: list[int]) -> None:
    """Every token but the first of each text is predicted once, and only books are cut."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "BOOK", 200)
        texts = list(whole(documents(lengths)))

    assert predicted(texts) == sum(max(length - 1, 0) for length in lengths)
    assert sum(len(text) > 1 for text in texts) == len(texts)
    assert sorted(len(text) for text in texts if len(text) > 11) == sorted(
        length for length in lengths if 11 < length < 200
    )


@given(LENGTHS, st.integers(1, 500))
def test_sampled(lengths: list[int], tokens: int) -> None:
    """No more tokens are taken than asked for, and no piece is longer than pieces are."""
    texts = sampled(documents(lengths), tokens)

    assert predicted(texts) <= tokens
    assert predicted(sampled(documents(lengths), 10_000)) == sum(max(length - 1, 0) for length in lengths)
