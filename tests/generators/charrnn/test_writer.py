from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from generators.charrnn.modeling import CharRNNForCausalLM
from generators.charrnn.writer import CHUNK, CharRNN
from generators.model import Logits
from generators.sampling import log_softmax
from tests.generators.charrnn.conftest import loaded

NUMBERS = np.random.default_rng(7)


def ids(length: int) -> list[int]:
    drawn: list[int] = NUMBERS.integers(1, 270, length).tolist()
    return drawn


def from_scratch(model: CharRNN, tokens: list[int]) -> Logits:
    return log_softmax(model.extend([model.start()], [tokens], "all")[0])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("sizes", [[8], [8, 6], [4, 8, 6]])
def test_torch_agrees(saved: Callable[..., Path], cell: str, sizes: list[int]) -> None:
    """Token by token in NumPy, the log probabilities are those of torch's pass over the whole text."""
    directory = saved(cell=cell, hidden_sizes=sizes)
    text = ids(150)
    model = loaded(directory)
    reference = CharRNNForCausalLM.from_pretrained(directory).eval()
    state = model.start()

    stepped = np.concatenate([model.extend([state], [[token]]) for token in text])
    with torch.no_grad():
        whole = reference(torch.tensor([text])).logits[0].numpy()

    assert np.abs(log_softmax(stepped) - log_softmax(whole)).max() < 1e-5


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_torch_carries_its_state(saved: Callable[..., Path], cell: str) -> None:
    """A text that torch reads in two windows, the state carried over, gets the numbers of one window."""
    reference = CharRNNForCausalLM.from_pretrained(saved(cell=cell)).eval()
    text = torch.tensor([ids(90), ids(90)])

    with torch.no_grad():
        whole = reference(text).logits
        first = reference(text[:, :37])
        second = reference(text[:, 37:], state=first.state)

    assert torch.allclose(torch.cat((first.logits, second.logits), dim=1), whole, atol=1e-5)


@pytest.mark.parametrize("before", [20, 2000])
def test_going_on(model: CharRNN, before: int) -> None:
    """One more token after a long or short text gives what reading the whole text again gives."""
    text = ids(before + 1)
    state = model.start()
    model.extend([state], [text[:-1]])

    after = log_softmax(model.extend([state], [text[-1:]]))

    assert np.abs(after[0] - from_scratch(model, text)[-1]).max() < 1e-5


def test_ragged(model: CharRNN) -> None:
    """Chunks of prompts beside single tokens give each text the numbers that it gets alone."""
    texts = [ids(length) for length in (1, 40, CHUNK + 5, 1, 3)]
    states = [model.start() for _ in texts]

    every = model.extend(states, texts, "all")

    for text, rows, state in zip(texts, every, states, strict=True):
        assert np.abs(log_softmax(rows) - from_scratch(model, text)).max() < 1e-5
        one_more = log_softmax(model.extend([state], [[5]]))[0]
        assert np.abs(one_more - from_scratch(model, [*text, 5])[-1]).max() < 1e-5


def test_last_is_the_last_of_all(model: CharRNN) -> None:
    """`last` gives the final row of what `all` gives."""
    texts = [ids(length) for length in (2, CHUNK + 1, 1)]

    last = model.extend([model.start() for _ in texts], texts)
    every = model.extend([model.start() for _ in texts], texts, "all")

    assert [len(rows) for rows in every] == [len(text) for text in texts]
    assert np.array_equal(last, np.stack([rows[-1] for rows in every]))


@pytest.mark.parametrize("length", [1, 12])
def test_rows_are_independent(model: CharRNN, length: int) -> None:
    """What stands in the other rows of a batch changes no bit of a row."""
    text = ids(length)

    beside_one = model.extend([model.start() for _ in range(4)], [ids(length), text, ids(length), ids(length)])[1]
    beside_another = model.extend([model.start() for _ in range(4)], [ids(length), text, ids(length), ids(length)])[1]

    assert np.array_equal(beside_one, beside_another)


@pytest.mark.parametrize("texts", [1, 2, 3, 16, 64])
def test_batch_shape(model: CharRNN, texts: int) -> None:
    """How many texts are written side by side changes log probabilities by rounding only."""
    text = ids(30)
    others = [ids(30) for _ in range(texts - 1)]
    states = [model.start() for _ in range(texts)]

    for tokens in zip(text, *others, strict=True):
        logits = model.extend(states, [[token] for token in tokens])

    assert np.abs(log_softmax(logits)[0] - from_scratch(model, text)[-1]).max() < 1e-5


def test_texts_come_and_go(model: CharRNN) -> None:
    """Texts that join, leave, change places and go on alone keep their own states."""
    texts = {name: [3] for name in "abc"}
    states = {name: model.start() for name in "abc"}
    model.extend(list(states.values()), list(texts.values()))

    for turn in ("abc", "ab", "cb", "c", "abc", "abc", "bca"):
        tokens = [ids(1) for _ in turn]
        logits = log_softmax(model.extend([states[name] for name in turn], tokens))
        for name, token, row in zip(turn, tokens, logits, strict=True):
            texts[name] += token
            assert np.abs(row - from_scratch(model, texts[name])[-1]).max() < 1e-5


def test_fork(model: CharRNN) -> None:
    """A fork goes its own way, and its row is no view into a batch."""
    states = [model.start(), model.start()]
    model.extend(states, [[5], [6]])
    model.extend(states, [[7], [8]])

    fork = model.fork(states[0])
    model.extend(states, [[9], [9]])
    after = log_softmax(model.extend([fork], [[10]]))[0]

    assert fork.row.base is None
    assert model.nbytes(fork) >= fork.row.nbytes
    assert np.abs(after - from_scratch(model, [5, 7, 10])[-1]).max() < 1e-5


def test_start_is_fresh(model: CharRNN) -> None:
    """Writing changes no state but its own: later texts begin as the first did."""
    first = from_scratch(model, [1, 9, 9])

    second = from_scratch(model, [1, 9, 9])

    assert np.array_equal(first, second)


def test_answers_are_the_callers(model: CharRNN) -> None:
    """Logits stay as they are when the model goes on."""
    state = model.start()
    first = model.extend([state], [[4]])
    kept = first.copy()

    model.extend([state], [[5]])

    assert np.array_equal(first, kept)
