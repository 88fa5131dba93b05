from __future__ import annotations

from collections import Counter

import pytest

from generators.errors import InvalidValue
from generators.training import Document
from generators.training.filters import FILTERS, cleaned

PARAGRAPH = "There was once a queen who had a garden, and in the garden stood a tree. "


def after(texts: list[str], *names: str) -> list[str]:
    return [document.text for document in cleaned([Document(text) for text in texts], names, Counter())]


@pytest.mark.parametrize(
    ("name", "before", "expected"),
    [
        ("nfc", "e\u0301", "é"),
        ("control", "a\x00b\r\nc\rd\t\u200be", "ab\nc\nd\te"),
        ("quotes", "“It’s ‘so’,” «she» said", '"It\'s \'so\'," "she" said'),
        ("spaces", "  a\u00a0\tb \n\n\n\n c ", "a b\n\nc"),
    ],
)
def test_texts(name: str, before: str, expected: str) -> None:
    """A filter does its one thing, and doing it again changes nothing."""
    assert after([before], name) == [expected]
    assert after([expected], name) == [expected]


def test_duplicates() -> None:
    """Only the first of equal texts stays; every run begins anew."""
    assert after(["a", "b", "a", "a "], "duplicates") == ["a", "b", "a "]
    assert after(["a"], "duplicates") == ["a"]


def test_order() -> None:
    """Filters work in the order they are named: texts that become equal are then duplicates."""
    assert after(["é", "e\u0301"], "nfc", "duplicates") == ["é"]
    assert after(["é", "e\u0301"], "duplicates", "nfc") == ["é", "é"]


def test_chapters() -> None:
    """A book becomes its chapters without headings, contents and bylines; shorter texts stay whole."""
    chapter = "\n\n".join([PARAGRAPH * 60] * 3)
    book = (
        f"THE BOOK\n\nBy Nobody\n\nCHAPTER I\n\n{chapter}\n\nThe Queen and the Tree\n\n{chapter}\n\nIII.\n\n{chapter}"
    )

    assert after([book], "chapters") == [chapter] * 3
    assert after([f"CHAPTER I\n\n{PARAGRAPH}"], "chapters") == [f"CHAPTER I\n\n{PARAGRAPH}"]


@pytest.mark.parametrize("line", ['"Go!" she cried.', "And so it was.", "He went home and never came back again"])
def test_no_heading(line: str) -> None:
    """Short paragraphs of a story are no headings."""
    book = "\n\n".join([PARAGRAPH * 200, line, PARAGRAPH * 200])

    assert after([book], "chapters") == [book]


def test_counted() -> None:
    """What each filter touched is counted in documents."""
    touched: Counter[str] = Counter()

    list(cleaned([Document("“a”"), Document("b"), Document("b")], ["quotes", "duplicates"], touched))

    assert touched == {"quotes": 1, "duplicates": 1}


def test_labels_stay() -> None:
    """A document keeps its label."""
    assert list(cleaned([Document("“a”", ("x",))], ["quotes"], Counter())) == [Document('"a"', ("x",))]


def test_unknown() -> None:
    """A filter that does not exist is refused before anything is read, with those that do."""
    with pytest.raises(InvalidValue, match=", ".join(FILTERS)):
        cleaned([], ["nfd"], Counter())
