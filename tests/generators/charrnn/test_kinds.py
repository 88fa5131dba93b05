"""Every kind of streaming char-RNN is written with in NumPy as torch computes it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch

from generators.charrnn import folding
from generators.charrnn.modeling import CharRNNForCausalLM
from generators.charrnn.writer import CHUNK, CharRNN
from generators.model import Logits
from generators.sampling import log_softmax
from tests.generators.charrnn.conftest import loaded

LABELS = ("funny", "short", "a, b")
WORDS = [f"Ġword{number}" for number in range(2_000)]
START = 1


@pytest.fixture(params=["tables", "no tables"])
def tables(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether what a token adds is looked up; it is decided by size, so that small models have no tables either."""
    if request.param == "no tables":
        monkeypatch.setattr(folding, "TABLE_BYTES", 0)
    return bool(request.param == "tables")


def text_of(numbers: np.random.Generator, model: CharRNN, length: int) -> list[int]:
    """Tokens after a start, with labels and starts among them."""
    text = [START, *numbers.integers(2, model.vocabulary.size, length - 1).tolist()]
    for label in [model.vocabulary.names.index(f"<label:{name}>") for name in model.info.labels]:
        for place in numbers.integers(1, length, 1 + length // 40):
            text[place] = label
    for place in numbers.integers(1, length, length // 20):
        text[place] = START
    return text


def torch_says(directory: Path, texts: list[list[int]]) -> list[Logits]:
    """Log probabilities in double precision, beside which float32 has only its own rounding."""
    reference = CharRNNForCausalLM.from_pretrained(directory).double().eval()
    with torch.no_grad():
        return [log_softmax(reference(torch.tensor([text])).logits[0].numpy()) for text in texts]


def check(directory: Path) -> None:
    """One text token by token, and four in ragged chunks and then side by side, are what torch says of each."""
    model = loaded(directory)
    numbers = np.random.default_rng(3)
    texts = [text_of(numbers, model, length) for length in (60, 45, CHUNK + 40, 33)]
    expected = torch_says(directory, texts)

    alone = model.start()
    stepped = np.concatenate([model.extend([alone], [[token]]) for token in texts[0]])
    states = [model.start() for _ in texts]
    chunked = model.extend(states, [text[:-10] for text in texts], "all")
    last = model.extend([model.start() for _ in texts], texts)
    together = np.stack([model.extend(states, [[text[at]] for text in texts]) for at in range(-10, 0)], axis=1)

    assert np.abs(log_softmax(stepped) - expected[0]).max() < 1e-5
    for rows, one, tail, wanted in zip(chunked, last, together, expected, strict=True):
        assert np.abs(log_softmax(rows) - wanted[:-10]).max() < 1e-5
        assert np.abs(log_softmax(one) - wanted[-1]).max() < 1e-5
        assert np.abs(log_softmax(tail) - wanted[-10:]).max() < 1e-5


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("cell", "attention", "labels", "cutoffs"),
    list(product(["lstm", "gru"], ["running", "none"], [(), LABELS], [[], [100, 200]])),
)
def test_torch_agrees(
    saved: Callable[..., Path], cell: str, attention: str, labels: tuple[str, ...], cutoffs: list[int]
) -> None:
    """With every cell, attention and output, with labels and without, NumPy gives torch's log probabilities."""
    sizes = [8, 6] if attention == "running" else [8, 20]

    directory = saved(
        cell=cell, attention=attention, labels=labels, adaptive_cutoffs=cutoffs, hidden_sizes=sizes, scale=0.3
    )

    check(directory)


@pytest.mark.parametrize("attention", ["running", "none"])
@pytest.mark.parametrize("cutoffs", [[], [300, 1200]])
def test_words(saved: Callable[..., Path], attention: str, cutoffs: list[int]) -> None:
    """Vocabularies of words, too large for tables, are written with as well."""
    directory = saved(
        words=WORDS, labels=LABELS, attention=attention, adaptive_cutoffs=cutoffs, hidden_sizes=[12, 16, 16], scale=0.3
    )

    check(directory)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("attention", ["running", "none"])
def test_rows_are_independent(saved: Callable[..., Path], attention: str) -> None:
    """What stands in the other rows of a batch, labels too, changes no bit of a row."""
    model = loaded(saved(labels=LABELS, attention=attention))
    label = model.vocabulary.names.index("<label:funny>")
    states = [[model.start() for _ in range(3)] for _ in range(2)]

    for _ in range(2):
        first = model.extend(states[0], [[5, label, 7], [6, 7, 8], [9, 9, 9]])
        second = model.extend(states[1], [[5, label, 7], [label, START, label], [label, 9, label]])

        assert np.array_equal(first[0], second[0])


def test_forks_keep_their_labels(saved: Callable[..., Path]) -> None:
    """A fork goes on with the labels that its text had."""
    model = loaded(saved(labels=LABELS))
    label = model.vocabulary.names.index("<label:funny>")
    state = model.start()
    model.extend([state], [[START, label, 5]])

    fork = model.fork(state)
    model.extend([state], [[START]])

    whole = model.extend([model.start()], [[START, label, 5, 6]])
    assert np.abs(log_softmax(model.extend([fork], [[6]])) - log_softmax(whole)).max() < 1e-5


def test_models_without_labels_pay_nothing(saved: Callable[..., Path]) -> None:
    """Where characters have no labels, a state is as small as it was."""
    model = loaded(saved(hidden_sizes=[8, 6]))

    assert len(model.start().row) == 2 * (8 + 6) + 273 + 1
