"""What is learnt from, and what is held out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from generators.charrnn.tokenizer import START_ID
from generators.training import Corpus
from generators.training.bpe import END_ID, bpe_of
from generators.training.documents import Document, Documents
from generators.training.encoding import prepared
from generators.training.parting import Partition, held_out_documents, parted
from generators.training.recipes import CharRNNRecipe, recipe_named
from generators.training.recipes.base import changed
from generators.training.tokens import tokenised
from generators.training.windows import Encoded
from generators.vocabulary import Vocabulary

LINE = "A sentence of a tale that is told to children and goes on. "


def given(places: list[float]) -> Iterable[tuple[float, list[int]]]:
    return [(place, [0, number, 0]) for number, place in enumerate(places, 1)]


@pytest.mark.parametrize(
    ("places", "share", "learnt", "held_out"),
    [
        ([0.1, 0.9, 0.3, 0.8], 0.5, [2, 4], [1, 3]),
        ([0.5, 0.2, 0.9], 0.1, [1, 3], [2]),
        ([0.01, 0.03, 0.02], 0.5, [2], [1, 3]),
        ([0.5, 0.2, 0.9], 0, [1, 2, 3], []),
        ([0.5, 0.5], 0.1, [1, 2], []),
        ([], 0.5, [], []),
    ],
)
def test_parted(places: list[float], share: float, learnt: list[int], held_out: list[int]) -> None:
    """Documents are parted by their places; where that leaves a side empty, by the lowest or the highest."""
    parts = parted(given(places), share, 100)

    assert [[int(part[number][1]) for number in range(len(part))] for part in parts] == [learnt, held_out]


def book(name: str, chapters: int) -> str:
    """A book long enough for the chapters filter, each of its chapters between headings."""
    told = (f"CHAPTER {number}\n\n{name} {number}. {LINE * 40}" for number in range(1, chapters + 1))
    return "\n\n".join(told)


def texts(encoded: Encoded, vocabulary: Vocabulary) -> list[str]:
    return [vocabulary.decode(encoded[number].tolist()) for number in range(len(encoded))]


def recipe(**options: str) -> CharRNNRecipe:
    chosen = recipe_named("textgenrnn")
    assert isinstance(chosen, CharRNNRecipe)
    return changed(chosen, {"min_count": "1", "held_out_by": "end", **options})


@pytest.fixture
def two_files(tmp_path: Path) -> list[Path]:
    """Ten lines of eight bytes each, and five of sixteen."""
    (tmp_path / "a.txt").write_text("".join(f"first {n}\n" for n in range(10)), "utf-8")
    (tmp_path / "b.txt").write_text("".join(f"the second {n:04}\n" for n in range(5)), "utf-8")
    return [tmp_path / "a.txt", tmp_path / "b.txt"]


def test_ends_of_files(two_files: list[Path]) -> None:
    """By their ends, exactly the documents beyond the last share of each file are held out, the last one at least."""
    settled = recipe(held_out="0.2")

    data = prepared(Corpus(two_files), settled, None, lambda _: None)
    few = prepared(Corpus(two_files), recipe(held_out="0.001"), None, lambda _: None)

    assert texts(data.held_out, data.vocabulary) == ["first 8", "first 9", "the second 0004"]
    assert len(data.learnt) == 8 + 4
    assert texts(few.held_out, few.vocabulary) == ["first 9", "the second 0004"]
    for source, expected in zip(two_files, (["first 8", "first 9"], ["the second 0004"]), strict=True):
        assert [document.text for document in held_out_documents(source, 0.2)] == expected


def test_ends_in_tokens(two_files: list[Path]) -> None:
    """A GPT-2 holds out the same documents."""
    vocabulary = Vocabulary(bpe_of(["first"], 258), END_ID, END_ID)

    learnt, held_out, _ = tokenised(Corpus(two_files), ["nfc"], Partition(0.2, "end"), vocabulary, {}, lambda _: None)

    assert texts(held_out, vocabulary) == ["first 8", "first 9", "the second 0004"]
    assert len(learnt) == 12


def test_ends_of_books(tmp_path: Path) -> None:
    """All chapters of a document are on its side, however many the filter makes of it."""
    books = [book("Ann", 10), book("Ben", 10), book("Cid", 12), book("Dan", 9)]
    for name, pair in (("a.txt", books[:2]), ("b.txt", books[2:])):
        (tmp_path / name).write_text("\n=====DOC=====\n".join(pair), "utf-8")
    corpus = Corpus([tmp_path / "a.txt", tmp_path / "b.txt"])

    data = prepared(corpus, recipe(held_out="0.03", filters="nfc,chapters"), None, lambda _: None)

    assert [text[:3] for text in texts(data.learnt, data.vocabulary)] == ["Ann"] * 10 + ["Cid"] * 12
    assert [text[:3] for text in texts(data.held_out, data.vocabulary)] == ["Ben"] * 10 + ["Dan"] * 9


@pytest.mark.parametrize("documents", ["file", "line"])
def test_only_document(tmp_path: Path, documents: Documents) -> None:
    """The last share of a file's only document is held out, from a space on."""
    path = tmp_path / "a.txt"
    path.write_text(LINE * 100, "utf-8")

    data = prepared(Corpus([path], documents), recipe(held_out="0.1"), None, lambda _: None)

    (learnt,), (held_out,) = texts(data.learnt, data.vocabulary), texts(data.held_out, data.vocabulary)
    assert f"{learnt} {held_out}".strip() == path.read_text("utf-8").strip()
    assert 0.1 <= len(held_out) / len(LINE * 100) < 0.11


def test_ends_of_running_texts(two_files: list[Path]) -> None:
    """Of sources that are one text, the last lines of each are held out, as a text of their own."""
    data = prepared(Corpus(two_files), recipe(held_out="0.2", single_text="true"), None, lambda _: None)

    assert texts(data.held_out, data.vocabulary) == ["first 8\nfirst 9\nthe second 0004\n"]
    assert len(texts(data.learnt, data.vocabulary)[0].splitlines()) == 12
    assert data.vocabulary.start == START_ID


def test_hidden_letters(tmp_path: Path) -> None:
    """No character is known from text that was split off at an end."""
    path = tmp_path / "a.txt"
    path.write_text("abc\ncba\nxyz\n", "utf-8")

    data = prepared(Corpus([path]), recipe(held_out="0.1"), None, lambda _: None)

    assert set("abc") <= set(data.vocabulary.names)
    assert not set("xyz") & set(data.vocabulary.names)


@pytest.mark.parametrize("share", [0.03, 0.05, 0.1, 0.3, 0.7])
def test_places_at_ends(share: float) -> None:
    """Places are below the share beyond it, and fall towards the end of a file."""
    partition = Partition(share, "end")

    places = [partition.place(Document("", through=number / 1000)) for number in range(1001)]

    assert places == sorted(places, reverse=True)
    assert sum(place < share for place in places) == pytest.approx(1000 * share, abs=1)
