"""Measures of texts."""

from __future__ import annotations

import pytest

from generators.comparison import Sample
from generators.style import is_sentence, paragraphs_of, quoted_blocks, spelt, style_of, words

LONG = "It was a long and quiet evening by the fire. " * 10


def sample(text: str, *, ended: bool = False) -> Sample:
    return Sample("", text, len(text), 1, ended)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The cat, the dog.", ["the", "cat", ",", "the", "dog", "."]),
        ("don't  stop\n", ["don't", "stop"]),
        ("日本 語", ["日", "本", "語"]),
        ("", []),
        (" \n ", []),
        ("x" * 1_000, ["x" * 256] * 3 + ["x" * 232]),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    """Words are those that people vote on, without the space between them and in small letters."""
    assert words(text) == found


def test_style() -> None:
    """Different n-grams are counted over all texts, repetition within each, and ends by the models' own."""
    style = style_of([sample("a b a b", ended=True), sample("a b c d e")])

    assert style.distinct_1 == pytest.approx(5 / 9)
    assert style.distinct_2 == pytest.approx(5 / 7)  # ab ba ab, ab bc cd de
    assert style.distinct_3 == pytest.approx(5 / 5)
    assert style.repetition == 0
    assert style.length == (7 + 9) / 2
    assert style.ended == 0.5


def test_repetition() -> None:
    """A text that says the same over and over repeats nearly everything."""
    assert style_of([sample("a b " * 50)]).repetition == pytest.approx(1 - 2 / 97)


def test_too_short_to_measure() -> None:
    """Where there are no n-grams there is no measure, and no division by zero."""
    style = style_of([sample("")])

    assert (style.distinct_1, style.distinct_3, style.repetition, style.length) == (None, None, None, 0)
    with pytest.raises(ValueError, match="no samples"):
        style_of([])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don't stop, Ænne!", ["don", "t", "stop", "ænne"]),
        ("日本 3 times", ["日", "本", "times"]),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),
        ("1, 2 – 3", []),
    ],
)
def test_spelt(text: str, found: list[str]) -> None:
    """What is looked up in a lexicon is runs of letters, in small letters, each Han character by itself."""
    assert spelt(text) == found


def test_real_words() -> None:
    """Words of a lexicon count, and neither what a prompt began nor what the length cut off is a word."""
    lexicon = {"the", "cat", "sat"}
    texts = [Sample("The c", "at: the cat slept. The ca", 9, 1, False), Sample("A", " cat sat", 9, 1, True)]

    assert style_of(texts, lexicon).real_words == 5 / 6
    assert style_of(texts).real_words is None


@pytest.mark.parametrize("ended", ["It is.", '"It is!"', "It is?”", "(It is…)", "C'est. »", "是。」", "Es ist.“"])
def test_sentences(ended: str) -> None:
    """A mark that ends a sentence does so in any style, and before quotation marks that close."""
    assert is_sentence(ended)
    assert not is_sentence(ended + " and")


def test_the_last_paragraph() -> None:
    """A paragraph that the length cut off is neither whole nor broken; one that the model ended is."""
    text = "One.\n\nTwo\n\nThree"

    assert style_of([sample(text)]).ended_sentences == 1 / 2
    assert style_of([sample(text, ended=True)]).ended_sentences == 1 / 3
    assert style_of([sample("One")]).ended_sentences is None


@pytest.mark.parametrize(
    ("paragraphs", "blocks"),
    [
        ([f'"{LONG}" {LONG}'], [True]),
        ([f'"{LONG}, {LONG}'], [False]),
        ([f"„{LONG}“ {LONG}", f"»{LONG}« {LONG}"], [True, True]),
        ([f'"{LONG}', f'"{LONG}"'], [True]),
        ([f'"{LONG}', f'He said, "{LONG}"'], [False]),
        ([f"{LONG} {LONG}", f'"{LONG}'], [True]),
        (["Short."], []),
    ],
    ids=["closed", "open", "German", "goes on", "does not go on", "a rest", "too short"],
)
def test_quotations(paragraphs: list[str], blocks: list[bool]) -> None:
    """Quotations close in their paragraph, or the next begins with another mark; whole paragraphs make blocks."""
    assert list(quoted_blocks("\n\n".join(paragraphs))) == blocks


def test_quotations_that_the_length_cut() -> None:
    """The paragraph that was cut belongs to no block, though it may go on with a quotation; a prompt belongs to one."""
    text = f'{LONG}{LONG}\n\nThen "{LONG}{LONG}'

    assert list(quoted_blocks(text, ended=False)) == [True]
    assert style_of([sample(text)]).closed_quotes == 1
    assert style_of([Sample('"', f'{LONG}{LONG}"', 9, 1, True)]).closed_quotes == 1


def test_paragraphs() -> None:
    """Blank lines part paragraphs; where there are none, such as in a conversation, lines do."""
    assert paragraphs_of("A\nb\n \nC\n\n\n") == ["A\nb", "C"]
    assert paragraphs_of("Hello.\nHello!\n\n") == ["Hello.", "Hello!"]
