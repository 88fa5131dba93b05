from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generators.charrnn import load, read_info
from generators.completion import ModelInfo
from generators.evaluation import evaluate, losses_of, nats_of
from generators.model import Logits
from generators.sampling import log_softmax
from generators.training import Document
from generators.vocabulary import Vocabulary
from tests.generators.charrnn.conftest import save_model


@pytest.fixture
def model(tmp_path: Path) -> Any:
    directory = save_model(tmp_path / "model")
    return load(directory, read_info(directory, "tiny"))


class Window:
    """A model that sees the last `context` tokens, and says nothing when it is given more."""

    def __init__(self, vocabulary: Vocabulary, context: int) -> None:
        self.info = ModelInfo("window", "1", "window", "character", context=context)
        self.vocabulary = vocabulary
        self.seen: list[int] = []

    def start(self) -> list[int]:
        return []

    def extend(self, states: Sequence[list[int]], tokens: Sequence[Sequence[int]], logits: str) -> list[Logits]:
        for state, ids in zip(states, tokens, strict=True):
            state.extend(ids)
            assert self.info.context is not None
            assert len(state) <= self.info.context
        return [np.zeros((len(ids), self.vocabulary.size), np.float32) for ids in tokens]


def test_measures(model: Any) -> None:
    """All bits, those of the end included, are divided by the characters; the tokens include the end."""
    text = "no noise 😀"
    vocabulary = model.vocabulary
    ids = [vocabulary.start, *vocabulary.encode(text), vocabulary.end]
    logprobs = log_softmax(model.extend([model.start()], [ids[:-1]], "all")[0])
    nats = -logprobs[np.arange(len(ids) - 1), ids[1:]].sum()

    measured = evaluate(model, [Document(text)])

    assert (measured["characters"], measured["tokens"]) == (10, 9 + 4 + 1)
    assert measured["bits_per_character"] == pytest.approx(nats / math.log(2) / 10, abs=1e-5)
    assert measured["nats_per_token"] == pytest.approx(nats / 14, abs=1e-5)
    assert measured["perplexity"] == pytest.approx(math.exp(nats / 14), rel=1e-5)


def test_side_by_side(model: Any) -> None:
    """Many documents together measure as the sum of each alone, long and short ones."""
    numbers = np.random.default_rng(1)
    texts = [[1, *numbers.integers(2, 273, length).tolist(), 1] for length in numbers.integers(0, 400, 50)]

    together = nats_of(model, texts)
    alone = [nats_of(model, [text]) for text in texts]

    assert together[1] == sum(tokens for _, tokens in alone) == sum(map(len, texts)) - len(texts)
    assert together[0] == pytest.approx(sum(nats for nats, _ in alone), rel=1e-6)


@pytest.mark.parametrize("length", [1, 7, 8, 9, 30])
@pytest.mark.parametrize("context", [2, 8])
def test_context(model: Any, context: int, length: int) -> None:
    """A model with a context never sees more than it, and every target counts once."""
    text = list(range(1, length + 2))

    losses = np.concatenate(list(losses_of(Window(model.vocabulary, context), [text])))

    assert len(losses) == length
    assert losses == pytest.approx(math.log(273), abs=1e-5)


def test_nothing(model: Any) -> None:
    """Without text there is nothing to measure."""
    with pytest.raises(ValueError, match="no text"):
        evaluate(model, [])
