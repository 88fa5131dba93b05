"""Words, sentences, and tokens that are whole characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.completion import Unit
from generators.units import GRAMMARS, Cursor, UnitMap, split_characters
from tests.fakes.models import tiny

TEXTS = st.text(alphabet="ab' -.!?\"”\n3é日本ん😀", max_size=30)


def units_of(text: str, unit: Unit) -> list[str]:
    """A text cut into units; the last one may be unfinished."""
    units = []
    while text:
        cursor = Cursor(GRAMMARS[unit])
        cursor.feed(text.encode())
        units.append(cursor.text)
        text = text[len(cursor.text) :]
    return units


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Once upon", ["Once", " upon"]),
        ("don't re-read it’s", ["don't", " re-read", " it’s"]),
        ("Hello, world!", ["Hello", ",", " world", "!"]),
        ("«Oh»—no", ["«", "Oh", "»", "—", "no"]),
        ("a\n\n  b", ["a", "\n\n  b"]),
        ("in 1984.", ["in", " 1984", "."]),
        ("今日はrain", ["今", "日", "は", "rain"]),
        ("naïve e\u0301t", ["naïve", " e\u0301t"]),
        ("Привет, мир", ["Привет", ",", " мир"]),
        ("안녕 하세요", ["안녕", " 하세요"]),
        ("ok😀ok", ["ok", "😀", "ok"]),
        ("...", [".", ".", "."]),
        ("snake_case", ["snake", "_", "case"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    """A word is white space, then a run, or one mark, or one Han or kana character."""
    assert units_of(text, Unit.WORD) == words


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Yes. No! Why?", ["Yes.", " No!", " Why?"]),
        ("“Yes.” She left.", ["“Yes.”", " She left."]),
        ("It cost 3.14 there. Then", ["It cost 3.14 there.", " Then"]),
        ("Wait... what?! Oh", ["Wait...", " what?!", " Oh"]),
        ("今日。明日", ["今日。", "明日"]),
        ("A title\nThe text.", ["A title", "\nThe text."]),
        ("\n\nHello. (Yes.) No", ["\n\nHello.", " (Yes.)", " No"]),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    """A sentence takes its closing marks and quotes along, and numbers do not end it."""
    assert units_of(text, Unit.SENTENCE) == sentences


@given(TEXTS, st.sampled_from(Unit))
def test_units_joined_are_the_text(text: str, unit: Unit) -> None:
    """Nothing is lost between units, and each of them moves on."""
    units = units_of(text, unit)

    assert "".join(units) == text
    assert all(units)


@given(TEXTS, st.sampled_from([Unit.WORD, Unit.SENTENCE]), st.integers(0, 60))
def test_bytes_may_come_in_any_pieces(text: str, unit: Unit, cut: int) -> None:
    """A unit ends at the same place however its bytes arrive."""
    data = text.encode()
    whole, pieces = Cursor(GRAMMARS[unit]), Cursor(GRAMMARS[unit])

    ended = whole.feed(data)
    halfway = pieces.feed(data[:cut])
    if halfway is None:
        halfway = pieces.feed(data[cut:])

    assert whole.text == pieces.text
    assert (ended is None) == (halfway is None)


@given(st.binary(max_size=12))
def test_split_characters(data: bytes) -> None:
    """Only the beginning of one character is held back, and holding back changes nothing in the end."""
    whole, pending = split_characters(data)

    assert whole + pending.decode("utf-8", "replace") == data.decode("utf-8", "replace")
    assert len(pending) <= 3
    assert split_characters(pending) == ("", pending)


def test_masks_agree_with_the_grammar() -> None:
    """After a run exactly those tokens close a word whose text cannot be part of it; bytes wait."""
    vocabulary = tiny().vocabulary
    unit_map = UnitMap(vocabulary)

    closing = {vocabulary.names[token] for token in unit_map.closing.nonzero()[0]}

    assert {" ", ".", ",", "!", "?", "\n", "…", "日", "<s>"} <= closing
    assert closing.isdisjoint({"a", "Z", "'", "é", "<0xC3>", "<0xE2>", "<0x80>", "<pad>"})
    assert {"<0x20>", "<0x2E>"} <= closing
