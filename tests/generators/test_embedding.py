"""Texts as vectors, and the texts that are near."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generators.charrnn.loading import writer_of
from generators.embedding import cosines, similar, vectors
from generators.errors import Unsupported
from generators.places import found, shipped_directory
from generators.scripted import Script
from generators.writing import Writer, opened
from tests.fakes.language_models import save_gpt2
from tests.fakes.models import CONFIG, Watched, _weights, tiny


class Short(Watched):
    """A model that looks back on four tokens."""

    def __init__(self) -> None:
        model: Any = tiny()
        super().__init__(model, context=4)
        self.vector = model.vector


def test_one_vector_a_text() -> None:
    """Each text has a vector of the same size, whatever stands beside it; equal texts have equal ones."""
    texts = ["a stone", "", "a", "a stone", "日本 " * 40]

    found = vectors(tiny(), texts)
    alone = np.concatenate([vectors(tiny(), [text]) for text in texts])

    assert found.dtype == np.float32
    assert found.shape[0] == 5
    assert np.allclose(found, alone, atol=1e-5)
    assert np.allclose(found[0], found[3], atol=1e-6)
    assert not np.allclose(found[0], found[2], atol=1e-3)


def test_more_texts_than_are_read_at_once() -> None:
    """Any number of texts keeps its order."""
    texts = [f"{letter}{other}" for letter in "abcdefgh" for other in "ijklmnop"]

    assert np.allclose(vectors(tiny(), texts)[-1], vectors(tiny(), texts[-1:])[0], atol=1e-5)
    assert vectors(tiny(), []).shape == (0, 0)


def test_longer_than_the_context() -> None:
    """A text that does not fit is read in parts, which count by their tokens."""
    model: Any = Short()
    start = model.vocabulary.start

    (found,) = vectors(model, ["abcde"])

    parts = []
    for ids in ([start, *model.vocabulary.encode("abc")], model.vocabulary.encode("de")):
        state = model.start()
        model.extend([state], [ids])
        parts.append(model.vector(state))
    assert np.allclose(found, (4 * parts[0] + 2 * parts[1]) / 6, atol=1e-5)


def test_nearest() -> None:
    """A text is nearest to itself; the others follow by their similarity, at most as many as are wanted."""
    texts = ["stone", "a cat", "a cat sat", "Table!"]

    near = similar(tiny(), "a cat", texts, top=3)

    assert near[0].text == "a cat"
    assert near[0].similarity == pytest.approx(1, abs=1e-5)
    assert [one.similarity for one in near] == sorted((one.similarity for one in near), reverse=True)
    assert len(near) == 3
    assert similar(tiny(), "a cat", []) == []


@pytest.mark.parametrize(
    "facts",
    [
        {"attention": "none"},
        {"attention": "window", "window": 8, "pad_token_id": 0},
        {"attention": "none", "window": 8, "pad_token_id": 0, "bidirectional": True},
    ],
    ids=["none", "window", "bidirectional"],
)
def test_every_char_rnn(facts: dict[str, Any]) -> None:
    """A char-RNN of every kind has vectors: what its output layer reads, whatever stands beside a text."""
    config = {**CONFIG, **facts, "vocab_size": tiny().vocabulary.size}
    model = writer_of(config, _weights(config, 0), tiny().vocabulary, tiny().info)

    found = vectors(model, ["a stone", "a", "a stone"])

    assert np.allclose(found[0], found[2], atol=1e-6)
    assert not np.allclose(found[0], found[1], atol=1e-3)
    assert np.allclose(found[1], vectors(model, ["a"])[0], atol=1e-5)


@pytest.mark.parametrize("kind", ["gpt2", "causal"])
def test_language_models(kind: str, tmp_path: Path) -> None:
    """A transformer has vectors too, of a fork as of its origin, and changes none of them by reading on."""
    pytest.importorskip("torch")
    package = import_module(f"generators.{kind}")
    directory = save_gpt2(tmp_path / "model")
    model = package.load(directory, package.read_info(directory, "tiny"), device="cpu")
    state = model.start()
    model.extend([state], [model.vocabulary.encode("a stone")])
    vector = model.vector(state)

    fork = model.fork(state)
    again = model.vector(fork)
    model.extend([fork], [model.vocabulary.encode(" wall")])

    assert np.allclose(vector, again, atol=1e-5)
    assert np.allclose(model.vector(state), vector, atol=1e-5)
    assert not np.allclose(model.vector(fork), vector, atol=1e-3)
    assert vectors(model, ["a stone", "a"]).shape == (2, len(vector))


def test_cosines() -> None:
    """The cosine knows directions alone, and a vector without a length is near to nothing."""
    others = np.array([[2, 0], [0, 3], [-1, 0], [0, 0]], np.float32)

    assert cosines(np.array([5, 0], np.float32), others).tolist() == [1, 0, -1, 0]


def test_model_without_vectors() -> None:
    """A model that gives none says so in a sentence."""
    with pytest.raises(Unsupported, match="scripted cannot do this: vectors of texts"):
        vectors(Script().model(), ["a"])


@pytest.mark.skipif(not (shipped_directory() / "charrnn").is_dir(), reason="no model ships here")
def test_the_shipped_model_tells_kinds_apart() -> None:
    """Of two kinds of text, the nearest to each are mostly of its own kind."""
    tales = [
        "Once upon a time there was a little girl named Lily who loved to play.",
        "The old king sat on his throne and wept for his daughter.",
        "She went into the dark forest, and the wolf followed her.",
        "The little bird sang a song for the children in the garden.",
    ]
    titles = [
        "Show HN: A faster JSON parser written in Rust",
        "Google acquires YouTube for $1.65B (2006)",
        "PostgreSQL 9.6 Released: Parallel Queries",
        "Ask HN: How do you deploy your Node.js API?",
    ]
    model = opened(found("charrnn"))

    near = [model.similar(text, [other for other in tales + titles if other != text], top=1)[0] for text in tales]
    far = [model.similar(text, [other for other in tales + titles if other != text], top=1)[0] for text in titles]

    assert sum(one.text in tales for one in near) + sum(one.text in titles for one in far) >= 7
    assert isinstance(model, Writer)
    model.close()
