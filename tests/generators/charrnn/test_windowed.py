from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generators.charrnn import folding, load, read_info
from generators.charrnn.modeling import CharRNNForCausalLM
from generators.charrnn.windowed import WINDOWS, WindowedCharRNN
from generators.errors import UnusableModel
from generators.model import Logits
from generators.sampling import log_softmax

WINDOW = 7
NUMBERS = np.random.default_rng(7)

Saved = Callable[..., Path]


def opened(directory: Path) -> WindowedCharRNN:
    model = load(directory, read_info(directory, "tiny"))
    assert isinstance(model, WindowedCharRNN)
    return model


def ids(length: int, first: int = 0) -> list[int]:
    """Padding and start among them: a prompt may have unknown characters, and stories have several texts."""
    drawn: list[int] = NUMBERS.integers(first, 260, length).tolist()
    return drawn


def of_torch(directory: Path, text: list[int]) -> Logits:
    reference = CharRNNForCausalLM.from_pretrained(directory).eval()
    with torch.no_grad():
        return log_softmax(reference(torch.tensor([text])).logits[0].numpy())


@pytest.fixture
def model(saved: Saved) -> WindowedCharRNN:
    return opened(saved(attention="window", window=WINDOW))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("attention", ["window", "none"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("sizes", [[8], [4, 8, 6]])
def test_torch_agrees(saved: Saved, cell: str, attention: str, bidirectional: bool, sizes: list[int]) -> None:
    """Token by token in NumPy, the log probabilities are those of torch's windows."""
    directory = saved(cell=cell, attention=attention, bidirectional=bidirectional, hidden_sizes=sizes, window=WINDOW)
    text = ids(3 * WINDOW)
    model = opened(directory)
    state = model.start()

    stepped = np.concatenate([model.extend([state], [[token]]) for token in text])

    assert np.abs(log_softmax(stepped) - of_torch(directory, text)).max() < 1e-5


@pytest.mark.parametrize(
    "fields",
    [
        {"labels": ["tale", "joke"], "attention": "window"},
        {"labels": ["tale", "joke"], "attention": "window", "bidirectional": True},
        {"labels": ["tale", "joke"], "attention": "none", "cell": "gru"},
        {"adaptive_cutoffs": [20, 100], "attention": "window"},
        {"words": ["tale", "joke"], "attention": "none"},
    ],
    ids=["labels", "labels both ways", "labels without attention", "adaptive softmax", "words"],
)
@pytest.mark.parametrize("table_bytes", [0, folding.TABLE_BYTES], ids=["no tables", "tables"])
def test_torch_agrees_on_kinds(
    saved: Saved, monkeypatch: pytest.MonkeyPatch, table_bytes: int, fields: dict[str, Any]
) -> None:
    """Labels, which a start ends, adaptive softmax and vocabularies too large for tables have torch's numbers too."""
    monkeypatch.setattr(folding, "TABLE_BYTES", table_bytes)
    directory = saved(window=WINDOW, **fields)
    model = opened(directory)
    named = [f"<label:{label}>" for label in fields.get("labels", ())]
    tale, joke = ([model.vocabulary.names.index(name)] for name in named) if named else ([], [])
    text = [1, *tale, *joke, *ids(WINDOW, 2), 1, *ids(3, 2), *joke, *ids(WINDOW, 2)]

    every = model.extend([model.start()], [text], "all")[0]

    assert np.abs(log_softmax(every) - of_torch(directory, text)).max() < 1e-5


@pytest.mark.parametrize("length", [1, WINDOW - 1, WINDOW, WINDOW + 1, 5 * WINDOW])
def test_last_is_the_last_of_all(model: WindowedCharRNN, length: int) -> None:
    """A prompt read for its last token alone gives what reading it after every token ends with, and goes on alike."""
    text = ids(length)
    read, stepped = model.start(), model.start()

    last = model.extend([read], [text])
    every = model.extend([stepped], [text], "all")[0]

    assert len(every) == length
    assert np.abs(log_softmax(last)[0] - log_softmax(every)[-1]).max() < 1e-5
    assert np.array_equal(model.extend([read], [[5]]), model.extend([stepped], [[5]]))


def test_ragged(model: WindowedCharRNN) -> None:
    """Texts of any lengths side by side, more than are read at once, give each the numbers that it gets alone."""
    texts = [ids(1 + row % (2 * WINDOW)) for row in range(WINDOWS + 3)]

    together = model.extend([model.start() for _ in texts], texts)

    alone = np.concatenate([model.extend([model.start()], [text]) for text in texts])
    assert np.abs(log_softmax(together) - log_softmax(alone)).max() < 1e-5


@pytest.mark.parametrize("length", [1, 3, 12])
def test_rows_are_independent(model: WindowedCharRNN, length: int) -> None:
    """What stands in the other rows of a batch changes no bit of a row, be it padding itself."""
    text, lengths = ids(length), (length, 1, 9)

    def beside(others: list[list[int]]) -> Logits:
        row: Logits = model.extend([model.start() for _ in range(4)], [text, *others])[0]
        return row

    assert np.array_equal(beside([ids(each) for each in lengths]), beside([[0] * each for each in lengths]))


PROMPTS = st.lists(
    st.tuples(*[st.lists(st.integers(0, 270), min_size=1, max_size=2 * WINDOW)] * 2), min_size=2, max_size=6
)


@pytest.mark.parametrize("labels", [[], ["tale"]])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_rows_are_independent_whatever_they_say(saved: Saved, labels: list[str], bidirectional: bool) -> None:
    """After two prompts, of any lengths and tokens in any row, each row has the numbers that it gets alone."""
    model = opened(saved(attention="window", window=WINDOW, labels=labels, bidirectional=bidirectional))

    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(PROMPTS)
    def check(rows: list[tuple[list[int], list[int]]]) -> None:
        states = [model.start() for _ in rows]
        for part in range(2):
            together = model.extend(states, [row[part] for row in rows])

        for row, logits in zip(rows, together, strict=True):
            state = model.start()
            model.extend([state], [row[0]])
            assert np.abs(log_softmax(model.extend([state], [row[1]])[0]) - log_softmax(logits)).max() < 1e-5

    check()


def test_memory_of_wide_embeddings(saved: Saved) -> None:
    """Windows are read some at a time, be it the embedding that is large instead of the layers."""
    model = opened(saved(attention="window", window=1_000, embedding_size=3_000, hidden_sizes=[1]))
    states = [model.start() for _ in range(12)]

    tracemalloc.start()
    model.extend(states, [[row + 2] * 1_000 for row in range(12)])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < 100e6  # of all twelve it would be 290 MB


def test_memory_of_many_labels(saved: Saved) -> None:
    """A text keeps one sum, however many labels a prompt of token ids repeats."""
    model = opened(saved(attention="window", window=WINDOW, labels=["tale"]))
    state = model.start()
    model.extend([state], [[1, *[model.vocabulary.names.index("<label:tale>")] * 100]])
    few = model.nbytes(state)

    tracemalloc.start()
    model.extend([state], [[model.vocabulary.names.index("<label:tale>")] * 5_000])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert model.nbytes(state) == few
    assert most < 2e6


def test_answers_are_the_callers(model: WindowedCharRNN) -> None:
    """Logits stay as they were given when the model reads on."""
    state = model.start()
    first = model.extend([state], [ids(4)])
    copy = first.copy()

    model.extend([state], [ids(4)])

    assert np.array_equal(first, copy)


def test_forks_go_their_own_way(model: WindowedCharRNN) -> None:
    """A fork takes nothing from where its origin goes, and costs about a window of ids."""
    state = model.start()
    model.extend([state], [ids(5)])
    fork = model.fork(state)
    before = model.extend([model.fork(state)], [[9]])

    model.extend([state], [ids(5)])

    assert np.array_equal(model.extend([fork], [[9]]), before)
    assert model.nbytes(fork) < 8 * WINDOW + 256


def test_endless_window(saved: Saved) -> None:
    """A window that nobody could wait for is refused before anything is made for it."""
    with pytest.raises(UnusableModel, match="a window of 1,000,000,000"):
        opened(saved(attention="window", window=10**9))
