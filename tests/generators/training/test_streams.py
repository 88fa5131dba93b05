from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from generators.charrnn.configuration import CharRNNConfig
from generators.charrnn.modeling import CharRNNForCausalLM
from generators.training.streams import Streams
from generators.training.windows import IGNORED, Encoded

START, LABEL = 1, 2
TEXTS = st.lists(st.lists(st.integers(3, 900), min_size=1, max_size=60), min_size=1, max_size=8)


def streams(texts: list[list[int]], rows: int, size: int, label_dropout: float = 0.0) -> Streams:
    """Documents with a label each, in streams."""
    encoded = Encoded.of([[START, LABEL, *text, START] for text in texts], 1000)
    return Streams(encoded, rows, size, START, seed=3, labels=[LABEL], label_dropout=label_dropout)


def batches(data: Streams, rows: int) -> list[dict[str, np.ndarray]]:
    """What a loader of so many rows makes of an epoch."""
    indices = range(len(data))
    return [data.batch(data.__getitems__(indices[at : at + rows])) for at in range(0, len(data), rows)]


@given(TEXTS, st.integers(1, 6), st.integers(2, 20))
def test_go_on(texts: list[list[int]], rows: int, size: int) -> None:
    """Each row goes on where it ended in the batch before, and the rows together are the text."""
    whole = [START]
    for text in texts:
        whole += [LABEL, *text, START]

    steps = batches(streams(texts, rows, size), rows)

    for before, after in pairwise(steps):
        assert (before["labels"][:, -1] == after["input_ids"][:, 0]).all() or LABEL in after["input_ids"][:, 0]
    together = np.concatenate([step["input_ids"] for step in steps], axis=1).ravel().tolist()
    assert together == whole[: len(together)]
    assert len(whole) - 1 - len(together) < rows
    assert [bool(step["begins"]) for step in steps] == [True] + [False] * (len(steps) - 1)


def test_labels_are_read_and_not_learnt() -> None:
    """A label stands before its text, nothing is to predict it, and some documents go without."""
    data = streams([[3, 4]] * 50, rows=1, size=300, label_dropout=0.5)

    (shown,) = batches(data, 1)
    data.epoch(1)
    (another,) = batches(data, 1)

    assert (shown["input_ids"].shape, shown["labels"].shape) == ((1, 200), (1, 201))
    places = np.arange(1, 201, 4)
    assert (shown["labels"][0, places] == IGNORED).all()
    assert (np.delete(shown["labels"][0], places) != IGNORED).all()
    assert set(shown["input_ids"][0, places].tolist()) == {LABEL, START}
    assert (shown["input_ids"] != another["input_ids"]).any()


def test_states_read_each_token_once() -> None:
    """The state that a batch leaves is that of the text so far, without the token that the next batch begins with."""
    model = CharRNNForCausalLM(CharRNNConfig(vocab_size=20, embedding_size=3, hidden_sizes=[4], attention="none"))
    data = Streams(Encoded.of([[START, *range(3, 19), START]], 20), 1, 5, START, seed=0)
    data.carried.between(model)
    model.train()
    whole = torch.arange(3, 19)

    losses = [
        model(**{name: torch.as_tensor(value) for name, value in step.items()}).loss.item() for step in batches(data, 1)
    ]

    ids = torch.cat((torch.tensor([START]), whole, torch.tensor([START])))[None]
    each = torch.nn.functional.cross_entropy(model(ids).logits[0, :-1], ids[0, 1:], reduction="none")
    assert losses == pytest.approx([part.mean().item() for part in each.split(5)], abs=1e-6)
