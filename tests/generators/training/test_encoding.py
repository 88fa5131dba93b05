from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.charrnn.tokenizer import START_ID, tokenizer_of, word_tokenizer_of, words_in
from generators.training import Corpus, NothingToLearn, UnusableLabels
from generators.training import corpus as corpus_module
from generators.training import encoding as module
from generators.training.encoding import encoded_text, prepared
from generators.training.recipes import CharRNNRecipe, recipe_named
from generators.training.recipes.base import changed
from generators.vocabulary import Vocabulary


def recipe(**options: str) -> CharRNNRecipe:
    chosen = recipe_named("textgenrnn")
    assert isinstance(chosen, CharRNNRecipe)
    return changed(chosen, {"min_count": "1", **options})


def ignore(_: int) -> None:
    pass


@given(st.text(alphabet=" ab\n’é", max_size=60))
def test_pieces(text: str) -> None:
    """A long text encoded in pieces has the tokens that it has in one, words cut nowhere."""
    words = Vocabulary(word_tokenizer_of(words_in("a ab ba éa aa bb")), START_ID, START_ID)
    characters = Vocabulary(tokenizer_of("ab é"), START_ID, START_ID)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "PIECE", 8)
        cut = list(encoded_text(words, text))
        assert list(encoded_text(characters, text)) == characters.encode(text)

    assert words.decode(cut) == text
    if all(len(run) < 8 for run in text.split(" ")) and "  " not in text and "\n" not in text and text.strip() == text:
        assert cut == words.encode(text)


def test_single_text(tmp_path: Path) -> None:
    """Several files as one text are one document, whose end is held out."""
    (tmp_path / "a.txt").write_text("one\n\none\n", "utf-8")
    (tmp_path / "b.txt").write_text("two\n", "utf-8")
    corpus = Corpus([tmp_path / "a.txt", tmp_path / "b.txt"])

    data = prepared(corpus, recipe(single_text="true", held_out="0.25"), None, ignore)

    assert (len(data.learnt), len(data.held_out), data.documents) == (1, 1, 1)
    read = data.vocabulary.decode([*data.learnt[0].tolist(), *data.held_out[0].tolist()[1:]])
    assert read == "one\n\none\ntwo\n"


def test_single_text_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a long text is read in pieces and spaces are cleaned, no line runs into the next."""
    monkeypatch.setattr(corpus_module, "PIECE", 4)
    (tmp_path / "a.txt").write_text("one  \ntwo three\nfour\n", "utf-8")

    data = prepared(
        Corpus([tmp_path / "a.txt"]), recipe(single_text="true", held_out="0", filters="spaces"), None, ignore
    )

    assert data.vocabulary.decode(data.learnt[0].tolist()) == "one\ntwo three\nfour\n"


def test_same_texts_on_one_side(tmp_path: Path) -> None:
    """Texts that are kept though they are the same are never both learnt and held out."""
    (tmp_path / "a.txt").write_text("ab\nab\nab\nba\n", "utf-8")
    (tmp_path / "b.txt").write_text("ab\nab\n", "utf-8")

    two = prepared(Corpus([tmp_path / "a.txt"]), recipe(held_out="0.0001", filters="nfc"), None, ignore)
    one = prepared(Corpus([tmp_path / "b.txt"]), recipe(held_out="0.0001", filters="nfc"), None, ignore)

    assert {len(two.learnt), len(two.held_out)} == {1, 3}
    assert (len(one.learnt), len(one.held_out)) == (2, 0)


def test_labels(tmp_path: Path) -> None:
    """A document's labels follow its start, as special tokens that the model's texts never are."""
    (tmp_path / "a.csv").write_text('text,kind\nab,"x,y"\nba,\naa,y\n', "utf-8")

    data = prepared(Corpus([tmp_path / "a.csv"], label_columns=["kind"]), recipe(held_out="0"), None, ignore)

    assert list(data.labels) == ["y", "x"]
    names = [[data.vocabulary.names[token] for token in data.learnt[document]] for document in range(3)]
    assert names[0] == ["<s>", "<label:x>", "<label:y>", "a", "b", "<s>"]
    assert names[1] == ["<s>", "b", "a", "<s>"]
    assert set(data.labels.values()) <= data.vocabulary.special
    assert data.labelled == {"y": 2, "x": 1}


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("\n".join(f"t,{number}" for number in range(201)), "there are 201 different ones, and 200 are the most"),
        (f"t,{'x' * 65}", "is longer than 64 characters"),
    ],
)
def test_labels_that_are_none(tmp_path: Path, rows: str, sentence: str) -> None:
    """A column of numbers or of whole texts is no column of labels."""
    (tmp_path / "a.csv").write_text(f"text,kind\n{rows}\n", "utf-8")

    with pytest.raises(UnusableLabels, match=sentence):
        prepared(Corpus([tmp_path / "a.csv"], label_columns=["kind"]), recipe(filters="nfc"), None, ignore)


def test_words(tmp_path: Path) -> None:
    """Words up to a number have tokens, the most frequent ones, and the others are spelt."""
    (tmp_path / "a.txt").write_text("the cat\nthe dog\nthe cat\n", "utf-8")

    data = prepared(Corpus([tmp_path / "a.txt"]), recipe(word_level="true", max_words="2", filters="nfc"), None, ignore)

    assert data.vocabulary.names[258:] == ("the", "Ġcat")
    assert len(data.vocabulary.encode("the dog")) == 5


Writes = Callable[[Path], object]


@pytest.mark.parametrize(
    ("write", "documents", "characters"),
    [
        (lambda path: path.write_text("a" * 5000, "utf-8"), 1, 5000),
        (lambda path: path.write_text("ab" * 300_000, "utf-8"), 1, 600_000),
    ],
)
def test_odd_texts(tmp_path: Path, write: Writes, documents: int, characters: int) -> None:
    """One character again and again, or hundreds of thousands on a line, are text like any other."""
    write(tmp_path / "a.txt")

    data = prepared(Corpus([tmp_path / "a.txt"]), recipe(), None, ignore)

    assert (data.documents, data.characters) == (documents, characters)
    assert len(data.held_out) == 1


def test_nothing_left(tmp_path: Path) -> None:
    """A text that cleaning leaves nothing of is refused."""
    (tmp_path / "a.txt").write_text("\x01\n", "utf-8")

    with pytest.raises(NothingToLearn):
        prepared(Corpus([tmp_path / "a.txt"]), recipe(), None, ignore)
