"""Texts in parts that fit into messages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bot.splitting import split

FAMILY = "👨‍👩‍👧‍👦"
PIECES = st.sampled_from(
    (
        "a",
        "word",
        " ",
        "  ",
        "\n",
        "\n\n",
        ". ",
        "! ",
        "。",
        "e\u0301",
        " \u0301",
        "🇩🇪",
        FAMILY,
        "각",
        "\u1100\u1161",
        "\r\n",
        "”",
    )
)
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=60).map("".join)


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def escaped(text: str) -> int:
    """Each full stop takes two."""
    return len(text) + text.count(".")


@given(text=TEXTS, limit=st.integers(2, 40), measure=st.sampled_from((len, utf16, escaped)))
def test_parts(text: str, limit: int, measure: Callable[[str], int]) -> None:
    """Every part fits and shows something, and between them nothing but white space is lost."""
    parts = split(text, limit, measure)

    assert all(0 < measure(part) <= limit and part.strip() for part in parts)
    at = 0
    for part in parts:
        found = text.index(part, at)
        assert not text[at:found].strip()
        at = found + len(part)
    assert not text[at:].strip()


@given(text=TEXTS, limit=st.integers(2, 40))
def test_characters_stay_whole(text: str, limit: int) -> None:
    """No character that people see as one is cut, unless it alone is too long."""
    ends = {match.end() for match in regex.finditer(r"\X", text)}
    clusters = regex.findall(r"\X", text)

    at = 0
    for part in split(text, limit)[:-1]:
        at = text.index(part, at) + len(part)
        assert at in ends or max(map(len, clusters)) > limit


@given(text=TEXTS)
def test_what_fits(text: str) -> None:
    """A text that fits is one part, as it is; one without anything to see is none."""
    assert split(text, max(1, len(text))) == ([text] if text.strip() else [])


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("One two. Three\n\nfour. Five six", 24, ["One two. Three", "four. Five six"]),
        ("One two.\nThree four. Five six", 24, ["One two.\nThree four.", "Five six"]),
        ("He said «no.» And then he went", 20, ["He said «no.»", "And then he went"]),
        ("one two three", 8, ["one two", "three"]),
        ("one two", 3, ["one", "two"]),
        ("一二。三四。五六七八", 7, ["一二。三四。", "五六七八"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("A.\n\nabcdefghijkl mnop", 16, ["A.\n\nabcdefghijkl", "mnop"]),
        ("a   \n\n   b", 4, ["a", "b"]),
        ("\n\n\n\nabcdef", 4, ["abcd", "ef"]),
        ("     ", 2, []),
    ],
)
def test_where(text: str, limit: int, parts: list[str]) -> None:
    """Paragraphs come before sentences and lines, these before white space, and that before characters."""
    assert split(text, limit) == parts


@pytest.mark.parametrize("character", [FAMILY, "🇩🇪", "e\u0301", "\u1100\u1161\u11a8", "👍🏽", "각"])
def test_many_characters(character: str) -> None:
    """4,096 characters of several code points each, in messages of 2,000 UTF-16 code units."""
    parts = split(character * 4_096, 2_000, utf16)

    assert "".join(parts) == character * 4_096
    assert all(len(part) % len(character) == 0 for part in parts)


def test_an_endless_character() -> None:
    """A character with more accents than fit is cut between them."""
    assert split("e" + 9 * "\u0301", 4) == ["e" + 3 * "\u0301", 4 * "\u0301", 2 * "\u0301"]


def test_too_small() -> None:
    """A limit below one code point is a mistake of whoever set it."""
    with pytest.raises(ValueError, match="alone is more than 1"):
        split("a🎈", 1, utf16)


@pytest.mark.parametrize("unit", ["a", "word ", "A sentence. ", "\n", '"', "。", " \u0301", "🇩🇪", "\u0301"])
def test_work(unit: str) -> None:
    """A long text is measured in all no more than some sixty times its length, whatever it consists of."""
    measured = 0

    def measure(text: str) -> int:
        nonlocal measured
        measured += len(text)
        return len(text)

    split(unit * (20_000 // len(unit)), 1_000, measure)

    assert measured < 60 * 20_000
