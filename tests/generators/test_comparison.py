"""Measures of what models write."""

from __future__ import annotations

import pytest

from generators.comparison import Sample, sampled, style_of, words
from generators.completion import CompletionRequest
from generators.scripted import Script, ScriptedGenerator


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


async def test_sampled() -> None:
    """Each prompt gets its texts, more than one request takes, each with a seed that can be named again."""
    generator = ScriptedGenerator(Script(texts=("Once upon a time.",)))
    request = CompletionRequest(model="scripted", seed=5, temperature=1.0, max_tokens=30)

    samples, speed = await sampled(generator, request, ["Once", "Once upon"], 20)
    await generator.close()

    assert [one.prompt for one in samples] == ["Once"] * 20 + ["Once upon"] * 20
    assert {one.seed for one in samples} == {5, 21}
    assert samples[-1].text.startswith(" a time")
    assert samples[-1].ended
    assert speed.tokens_per_second > 0
    assert speed.characters_per_second > 0
