"""`planchette next`, with the model that ships."""

from __future__ import annotations

import math

import pytest

from generators.places import models_directory
from tests.bot.shell.conftest import Shell
from tests.generators.charrnn.conftest import save_model


def test_whole_vocabulary(shell: Shell) -> None:
    """--top 0 gives every token, special ones and lone bytes by their names, and the probabilities add up to 1."""
    (line,) = shell("next", "Once upon", "--top", "0", "--json").lines

    texts = [candidate["text"] for candidate in line["candidates"]]
    assert {"<s>", "<0x0A>", "e"} <= set(texts)
    assert len(texts) == len(set(texts))
    assert math.fsum(candidate["probability"] for candidate in line["candidates"]) == pytest.approx(1, abs=1e-5)


def test_likeliest_first(shell: Shell) -> None:
    """--top N gives the N likeliest, the likeliest first, with the probabilities that the whole list has."""
    (whole,) = shell("next", "Once upon", "--top", "0", "--json").lines

    (line,) = shell("next", "Once upon", "--top", "5", "--json").lines

    assert line["candidates"] == whole["candidates"][:5]
    probabilities = [candidate["probability"] for candidate in line["candidates"]]
    assert probabilities == sorted(probabilities, reverse=True)


def test_temperature_rescales(shell: Shell) -> None:
    """At temperature T a token's probability is proportional to p^(1/T), over the whole vocabulary."""
    (own,) = shell("next", "Once upon", "--top", "0", "--json").lines
    total = math.fsum(candidate["probability"] ** 2 for candidate in own["candidates"])

    (line,) = shell("next", "Once upon", "--top", "1", "--temperature", "0.5", "--json").lines

    expected = own["candidates"][0]["probability"] ** 2 / total
    assert line["candidates"][0]["probability"] == pytest.approx(expected, rel=1e-4)


def test_temperature_zero(shell: Shell) -> None:
    """At temperature 0 the likeliest token is certain."""
    (line,) = shell("next", "Once upon", "--top", "2", "--temperature", "0", "--json").lines

    assert [candidate["probability"] for candidate in line["candidates"]] == [1, 0]


def test_words(shell: Shell) -> None:
    """--unit word gives whole words with their absolute probabilities."""
    (line,) = shell("next", "Once upon a", "--unit", "word", "--top", "4", "--json").lines

    assert len(line["candidates"]) == 4
    assert 0 < sum(candidate["probability"] for candidate in line["candidates"]) < 1
    assert " time" in {candidate["text"] for candidate in line["candidates"]}


@pytest.mark.parametrize("unit", ["token", "word"])
def test_labels(shell: Shell, unit: str) -> None:
    """--label, repeated too, gives what the model expects of that kind of text; a kind it has not is one sentence."""
    save_model(models_directory() / "tiny" / "1", labels=["funny", "short"])

    def probabilities(*labels: str) -> list[float]:
        named = [word for label in labels for word in ("--label", label)]
        (line,) = shell("next", "on", "--model", "tiny", "--unit", unit, "--json", *named).lines
        return [candidate["probability"] for candidate in line["candidates"]]

    asked = [probabilities(*labels) for labels in ((), ("funny",), ("short",), ("funny", "short"))]
    unknown = shell("next", "on", "--model", "tiny", "--unit", unit, "--label", "long")

    assert all(one != other for at, one in enumerate(asked) for other in asked[:at])
    assert unknown.code == 1
    assert unknown.err.startswith("No model here has the label long; there are: tiny (funny, short), charrnn (talk)")


def test_readable_lines(shell: Shell) -> None:
    """Without --json people read percentages, and see spaces and line ends."""
    ran = shell("next", "Once upon a", "--top", "20")

    assert "%  ␣" in ran.out
    assert len(ran.out.splitlines()) == 20


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--temperature", "nan"), "--temperature cannot be nan; it has to be a number from 0 to 5.\n"),
        (("--temperature", "-1"), "--temperature cannot be -1; it has to be a number from 0 to 5.\n"),
        (("--top", "-1"), "--top cannot be -1; it has to be a whole number from 0 (the whole vocabulary) up.\n"),
        (("--unit", "word", "--top", "100000"), "--top cannot be 100000; it has to be a whole number from 1 to 64"),
    ],
)
def test_what_cannot_be_done(shell: Shell, arguments: tuple[str, ...], sentence: str) -> None:
    """A value that is not allowed is one sentence that names the option, as in `generate`."""
    ran = shell("next", "x", *arguments)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(sentence)


@pytest.mark.parametrize("arguments", [("--top", "0"), ("--temperature", "0.5"), ("--unit", "page")])
def test_wrong_usage(shell: Shell, arguments: tuple[str, ...]) -> None:
    """What makes no sense for words is wrong usage: there is no list of all words."""
    ran = shell("next", "x", "--unit", "word", *arguments)

    assert ran.code == 2
    assert "Error" in ran.err


@pytest.mark.parametrize("arguments", [(), ("--unit", "word")])
def test_too_long_a_prompt(shell: Shell, arguments: tuple[str, ...]) -> None:
    """How much of a prompt the model cannot look back on is said beside what could come next."""
    ran = shell("next", "a fox " * 1_000, "--model", "gpt2-stories", "--top", "2", *arguments)

    assert ran.code == 0
    assert "tokens of the prompt do not fit into what the model can look back on" in ran.err
