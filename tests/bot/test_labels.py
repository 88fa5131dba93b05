"""What is said where a model does not have the label that somebody asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import Bot
from bot.configuration import load_configuration
from bot.labels import NoSuchLabel, check_label
from generators.completion import ModelInfo
from generators.local import LocalGenerator, Shelf
from tests.bot.conftest import ADA, Say
from tests.fakes.platform import FakePlatform
from tests.generators.charrnn.conftest import save_model

PLAIN = ModelInfo("plain", "1", "charrnn", "character")
JOKES = ModelInfo("jokes", "1", "charrnn", "character", labels=("funny", "short"))
TALES = ModelInfo("tales", "1", "charrnn", "character", labels=("long, sad", "short"))


@pytest.fixture
async def bot(home: Path, platform: FakePlatform) -> AsyncIterator[Bot]:
    """A bot with a model that has labels, and another one that has none."""
    save_model(home / "models" / "plain" / "1")
    save_model(home / "models" / "jokes" / "1", labels=["funny", "short"])
    bot = await Bot.open(load_configuration(home), generator=LocalGenerator([Shelf(home / "models")]))
    bot.register(platform)
    yield bot
    await bot.close()


@pytest.mark.parametrize(
    "line",
    [
        "/generate model=plain label=funny Once",
        "/compare models=jokes,plain label=funny Once",
        "/story start model=plain label=funny Once",
    ],
)
async def test_in_a_chat(say: Say, line: str) -> None:
    """A label that another model has is one private sentence, which names that model."""
    (said,) = await say(line)

    assert said.text == "The model plain has no label funny; choose a model that has it: jokes."
    assert said.private_for == ADA


@pytest.mark.parametrize(
    ("label", "info", "listed", "sentence"),
    [
        (
            "short",
            PLAIN,
            (PLAIN, JOKES, TALES),
            "The model plain has no label short; choose a model that has it: jokes, tales.",
        ),
        (
            "long, sad",
            JOKES,
            (JOKES, TALES),
            "The model jokes has no label long, sad; choose a model that has it: tales.",
        ),
        (
            "funny,short",
            TALES,
            (JOKES, TALES),
            "The model tales has no label funny,short; choose a model that has it: jokes.",
        ),
        (
            "odd",
            TALES,
            (JOKES, TALES),
            "No model here has the label odd; there are: tales (long, sad, short), jokes (funny, short).",
        ),
        ("odd", PLAIN, (PLAIN,), "No model here has labels; ask without the label odd."),
        ("\u202eodd", PLAIN, (PLAIN,), "No model here has labels; ask without the label «\\u202eodd»."),
    ],
)
def test_what_there_is(label: str, info: ModelInfo, listed: tuple[ModelInfo, ...], sentence: str) -> None:
    """The sentence names models that have the label, else the labels that there are."""
    with pytest.raises(NoSuchLabel) as told:
        check_label(label, info, listed)

    assert str(told.value) == sentence


def test_many() -> None:
    """A sentence names no more than a few models, and a few labels of each."""
    labels = tuple(f"l{number}" for number in range(9))
    listed = [ModelInfo(f"m{number}", "1", "charrnn", "character", labels=labels) for number in range(9)]

    with pytest.raises(NoSuchLabel) as told:
        check_label("odd", PLAIN, listed)

    assert str(told.value).count("(l0, l1, l2, l3, l4, …)") == 5
    assert str(told.value).endswith("m4 (l0, l1, l2, l3, l4, …), ….")


@pytest.mark.parametrize("label", [None, "funny", "funny, short"])
def test_what_it_has(label: str | None) -> None:
    """A label that the model has is none to complain of, nor are several of them."""
    check_label(label, JOKES, ())
