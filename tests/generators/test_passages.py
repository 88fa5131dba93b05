"""Real text that what models write is held against."""

from __future__ import annotations

from collections.abc import Iterator

from generators.passages import words_in, yardstick
from generators.training.documents import Document

TALE = "\n\n".join(f"There were {number} old mills in the valley, and a cat sat there." for number in range(100))


def test_as_long_as_samples() -> None:
    """There are as many passages as texts, of their lengths on average, and what ends a document is not counted."""
    measured = yardstick([Document(TALE)] * 3, [200, 0, 400])

    assert measured is not None
    assert measured.style.length == 300
    assert measured.style.ended is None
    assert measured.style.ended_sentences == 1


def test_the_same_files() -> None:
    """The same documents give the same passages, other documents others."""
    first, again, other = (yardstick([Document(TALE[start:])], [150] * 5) for start in (0, 0, 1_000))

    assert first is not None
    assert again is not None
    assert first.style == again.style
    assert first != other


def test_words_of_the_rest() -> None:
    """Without a lexicon, words count as real that occur twice outside the passages."""
    documents = [Document("a cat sat, a cat sat"), Document("a dog ran")]

    whole = yardstick(documents, [1_000])
    given = yardstick(documents, [1_000] * 2, {"cat", "sat"})

    assert whole is not None
    assert whole.lexicon in ({"a", "cat", "sat"}, set())
    assert given is not None
    assert given.lexicon == {"cat", "sat"}
    assert given.style.real_words == 4 / 9
    assert words_in(documents) == {"a", "cat", "sat"}


def test_quotations_of_whole_documents() -> None:
    """Quotations are looked for in all of the documents, however short the passages are."""
    documents = [Document(f'"{TALE}"'), Document(TALE.replace("\n\n", " "))]

    measured = yardstick(documents, [20])

    assert measured is not None
    assert measured.style.closed_quotes is not None
    assert 0 < measured.style.closed_quotes < 1


def test_nothing_to_hold_against() -> None:
    """Where the texts or the documents are empty there is no yardstick, and documents are read once."""

    def once() -> Iterator[Document]:
        yield Document(TALE)

    assert yardstick([Document(TALE)], [0, 0]) is None
    assert yardstick([], [10]) is None
    assert yardstick(once(), [10, 20]) is not None
