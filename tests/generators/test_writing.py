"""What scripts and notebooks ask of a model besides texts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from generators.errors import InvalidValue, ShuttingDown, Unsupported
from generators.scripted import Script
from generators.writing import Writer
from tests.fakes.models import tiny


@pytest.fixture
def writer() -> Iterator[Writer]:
    """A writer with a small model of random weights."""
    writer = Writer(tiny())
    yield writer
    writer.close()


def test_next(writer: Writer) -> None:
    """What could come next has probabilities over the whole vocabulary, the likeliest first."""
    tokens = writer.next("a stone", 5)
    words = writer.next("a stone", 3, unit="word")

    assert [len(tokens), len(words)] == [5, 3]
    for found in (tokens, words):
        assert [one.probability for one in found] == sorted((one.probability for one in found), reverse=True)
        assert 0 < sum(one.probability for one in found) < 1


def test_the_end_is_offered() -> None:
    """The end of the text is among what could come next."""
    writer = Writer(Script(texts=("Once.",)).model())

    (likeliest, *_) = writer.next("Once.", 3)
    writer.close()

    assert (likeliest.text, likeliest.end) == ("", True)


def test_cut() -> None:
    """A text that was cut off says so where that is wanted; one that has ended does not."""
    writer = Writer(Script(texts=("Once.",)).model())

    texts = [writer.write("", seed=1, temperature=0, min_tokens=0, max_tokens=most, cut="…") for most in (3, 20)]
    writer.close()

    assert texts == ["Onc…", "Once."]


def test_vectors(writer: Writer) -> None:
    """Texts become rows of numbers; one text alone is a list of one."""
    assert np.allclose(writer.vectors(["a", "b"])[0], writer.vectors("a")[0], atol=1e-6)


def test_similar(writer: Writer) -> None:
    """The nearest text to one that is there is itself."""
    assert writer.similar("cat", ["dog", "cat", "cow"], top=1)[0].text == "cat"


def test_evaluate(writer: Writer) -> None:
    """A model of random weights needs about as many bits for a character as it has characters to choose from."""
    measured = writer.evaluate(["a cat sat", "on a table"])

    assert measured["characters"] == 19
    assert 2 < measured["bits_per_character"] < 12


def test_beside_writing(writer: Writer) -> None:
    """Vectors between two texts change neither: the same seed writes the same."""
    before = writer.write("a", seed=1, max_tokens=20)
    writer.vectors(["something else"] * 40)

    assert writer.write("a", seed=1, max_tokens=20) == before


def test_refused(writer: Writer) -> None:
    """What cannot be is refused in a sentence."""
    with pytest.raises(Unsupported, match="poems"):
        writer.write(label="poems")
    with pytest.raises(InvalidValue, match="unit cannot be letter"):
        writer.next(unit="letter")
    with pytest.raises(InvalidValue, match="at least one character"):
        writer.evaluate([""])


def test_closed(writer: Writer) -> None:
    """A closed writer gives no vectors any more."""
    writer.close()

    with pytest.raises(ShuttingDown):
        writer.vectors(["a"])
