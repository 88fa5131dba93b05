from __future__ import annotations

import pytest

from generators.errors import InvalidValue
from generators.training import Document
from generators.training.digests import Digests
from generators.training.filters import Tally, cleaned, columns_of

PARAGRAPH = "There was once a queen who had a garden, and in the garden stood a tree. "


SYNOPSIS = "A girl who can see ghosts moves to a town where nobody has died for a hundred years."


def after(texts: list[str], *names: str) -> list[str]:
    return [document.text for document in cleaned([Document(text) for text in texts], names)]


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
    """Each filter tells how many documents it changed and how many it removed, by what was there before it."""
    tally = Tally()
    documents = [Document("“a”"), Document("b"), Document("b"), Document("https://a.b"), Document("see www.a.b")]

    left = list(cleaned(documents, ["quotes", "duplicates", "urls"], tally))

    assert [document.text for document in left] == ['"a"', "b", "see"]
    assert tally.told(["quotes", "duplicates", "urls"]) == {
        "quotes": {"changed": 1, "removed": 0},
        "duplicates": {"changed": 0, "removed": 1},
        "urls": {"changed": 1, "removed": 1},
    }


@pytest.mark.parametrize(
    ("name", "kept", "removed"),
    [
        ("min-words=3", "one two three", "one two"),
        ("max-words=2", "one two", "one two three"),
        ("keywords=sex|New York", "Sussex and York", "all of new york"),
        ("only=cat|dog", "A Dog.", "a dogma"),
        ("symbols", "It is 5 o'clock — “really”?!", "♥♥♥ wow"),
        ("symbols=0.5", "♥♥ wow", "♥♥♥♥ w"),
        ("without-scripts=Japanese", "Привет, Tōkyō", "a musicる one"),
        ("without-scripts=Cyrillic|Greek", "ascii 日本", "λ"),
    ],
)
def test_removing(name: str, kept: str, removed: str) -> None:
    """A rule removes the documents that it says, and leaves the others as they are."""
    assert after([kept, removed], name) == [kept]


@pytest.mark.parametrize(
    ("name", "before", "expected"),
    [
        ("notes", "It ends. (Source: ANN)", "It ends."),
        ("notes", "It ends.\n\n[Written by MAL Rewrite]\n(Source: Seven Seas (edited))", "It ends."),
        ("notes", "It ends. (Souce: Wikipedia) ", "It ends."),
        ("notes", "It ends. (from AniDB)", "It ends."),
        ("notes", "It ends. Source: (themoviedb.org)", "It ends."),
        ("notes", "It ends (for the people from both towns).", "It ends (for the people from both towns)."),
        ("notes", "The power (from both genders).", "The power (from both genders)."),
        ("urls", "See https://a.b/c_(d). And (www.x.org) too", "See. And too"),
        ("emails", "Write to me.too@x-y.co.uk, please", "Write to, please"),
        ("phones", "Call +49 30 1234567 or (555) 123-4567!", "Call or!"),
        ("phones", "In 1939-1945 it cost 10,000, on 2014-03-05", "In 1939-1945 it cost 10,000, on 2014-03-05"),
    ],
)
def test_taken_out(name: str, before: str, expected: str) -> None:
    """What is no text of an author's is taken out, and nothing else."""
    assert after([before], name) == [expected]


def test_column() -> None:
    """A document stays if one of its values in another column is among those that are named."""
    documents = [
        Document("a", columns={"genres": ("Comedy", "Drama")}),
        Document("b", columns={"genres": ("Slice of Life",)}),
        Document("c", columns={"genres": ()}),
    ]
    name = "column:genres=drama|Slice of Life"

    assert [document.text for document in cleaned(documents, [name])] == ["a", "b"]
    assert columns_of(["nfc", name]) == ["genres"]


def test_anime() -> None:
    """A preset is the filters that it names."""
    texts = [f"{SYNOPSIS} (Source: ANN)", SYNOPSIS, f"{SYNOPSIS} 悪魔", "A short one."]

    assert after(texts, "anime") == [SYNOPSIS]


def test_many_digests() -> None:
    """A text is known again after the table of all texts has grown many times."""
    digests = Digests()

    assert all(digests.add(str(number)) for number in range(5000))
    assert not any(digests.add(str(number)) for number in range(5000))
    assert len(digests) == 5000


def test_labels_stay() -> None:
    """A document keeps its label."""
    assert list(cleaned([Document("“a”", ("x",))], ["quotes"])) == [Document('"a"', ("x",))]


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("nfd", "some of nfc, control, .*, min-words=…, .*, column:NAME=…, anime"),
        ("nfc=3", "some of nfc"),
        ("min-words", "min-words= and a whole number"),
        ("max-words=few", "max-words= and a whole number"),
        ("keywords=|", "keywords= and values with | between them"),
        ("symbols=2", "a share from 0 to 1"),
        ("without-scripts=Klingon", "such as Japanese|Cyrillic|Han"),
        ("column:=x", "column:NAME=VALUE|VALUE"),
    ],
)
def test_unknown(name: str, allowed: str) -> None:
    """A filter or a value that does not exist is refused before anything is read, with what does."""
    with pytest.raises(InvalidValue, match=allowed.replace("|", r"\|")):
        cleaned([], [name])
