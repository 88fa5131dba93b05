"""Runs of words, their index, and how many texts repeat one."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators import memorisation
from generators.memorisation import RUN, holds_run, index_of, run_hash, share_verbatim, words_of

TEXT = "One two three, four five six -- seven eight! Nine."


def test_words() -> None:
    """Words are runs of letters and digits, whatever case and whatever stands between them."""
    assert list(words_of("It's «STRASSE» 24/7, e_mail…\nПривет straße")) == [
        *("it", "s", "strasse", "24", "7", "e", "mail", "привет", "strasse"),
    ]


def test_a_run_is_found_whatever_stands_between() -> None:
    """Eight words in a row are a run in any writing; seven are none, nor eight that another word parts."""
    index = index_of([TEXT])

    assert holds_run("so ONE: two\n\nthree four_five (six) seven EIGHT so", index)
    assert holds_run("two three four five six seven eight nine", index)
    assert not holds_run("one two three four five six seven", index)
    assert not holds_run("one two three four so five six seven eight", index)


def test_a_run_lies_within_one_text() -> None:
    """Words of two texts, one after the other, are no run."""
    index = index_of(["one two three four", "five six seven eight"])

    assert not len(index.hashes)
    assert not holds_run("one two three four five six seven eight", index)


def test_the_share() -> None:
    """The share is of texts, however often each repeats something; of none it is 0."""
    index = index_of([TEXT])

    assert share_verbatim([TEXT + TEXT, "another", TEXT.lower(), ""], index) == 0.5
    assert share_verbatim([], index) == 0


def test_salts() -> None:
    """Two indexes of one text have nothing in common, so that hashes cannot be looked up in a list made before."""
    one, other = index_of([TEXT]), index_of([TEXT])

    assert one.salt != other.salt
    assert not set(one.hashes.tolist()) & set(other.hashes.tolist())


def test_an_index_grows() -> None:
    """A model that goes on learning keeps to what it learnt before, too."""
    first = index_of([TEXT])

    both = index_of(["a b c d e f g h i"], onto=first)

    assert both.salt == first.salt
    assert holds_run(TEXT, both)
    assert holds_run("b c d e f g h i", both)
    assert len(both.hashes) == len(first.hashes) + 2


def test_large_texts_go_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sorted in pieces on the disk is the same index, ascending and each run once."""
    words = random.Random(1).choices([f"w{number}" for number in range(300)], k=2000)
    texts = [" ".join(words[at : at + 40]) for at in range(0, 2000, 25)]
    whole = index_of(texts)
    monkeypatch.setattr(memorisation, "BUFFER", 64)

    pieces = index_of(texts, onto=memorisation.Index(whole.hashes[:0], whole.salt))

    assert np.array_equal(pieces.hashes, whole.hashes)
    assert (np.diff(pieces.hashes.astype(object)) > 0).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=30), max_size=5))
def test_the_index_is_its_runs(texts: list[list[str]]) -> None:
    """An index holds every run of its texts and nothing else."""
    index = index_of(" ".join(words) for words in texts)

    runs = {run_hash(words[at : at + RUN], index.salt) for words in texts for at in range(len(words) - RUN + 1)}
    assert index.hashes.tolist() == sorted(runs)


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What went to the disk is gone when the index is there."""
    monkeypatch.setattr(memorisation, "BUFFER", 8)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    index = index_of([TEXT * 20])

    assert len(index.hashes)
    assert not list(tmp_path.iterdir())
