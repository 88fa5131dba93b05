"""Texts written unit by unit."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from generators.completion import CompletionRequest, Finished, FinishReason, Piece, Unit
from generators.engine import Engine
from generators.model import Model
from generators.scripted import Script
from tests.fakes.models import byte_level, learnt

Written = tuple[list[Piece], FinishReason]
QUOTE = ("\xe2\x80", "\x9d")  # ” in two tokens, as GPT-2 has it


@pytest.fixture
async def engines() -> AsyncIterator[Callable[[Model[Any]], Engine]]:
    """Makes engines for models."""
    made: list[Engine] = []

    def engine(model: Model[Any]) -> Engine:
        made.append(Engine(model))
        return made[-1]

    yield engine
    for each in made:
        each.close()


async def written(engine: Engine, **fields: Any) -> Written:
    values: dict[str, Any] = {"model": "x", "max_tokens": 50, "temperature": 0.0, "unit": Unit.WORD}
    async with engine.complete(CompletionRequest(**values | fields)) as events:
        gathered = [event async for event in events]
    (finished,) = [event for event in gathered if isinstance(event, Finished)]
    return [event for event in gathered if isinstance(event, Piece)], finished.reason


@pytest.mark.parametrize("logprobs", [0, 3])
async def test_characters_in_several_tokens(engines: Any, logprobs: int) -> None:
    """Tokens that turn out to be the next word's first character are handed out with that word."""
    vocabulary = byte_level(("h", "i"), ("â", "Ģ"))
    engine = engines(learnt(vocabulary, ("hi", *QUOTE, "hi", "!")))

    pieces, reason = await written(engine, logprobs=logprobs)

    assert [piece.text for piece in pieces] == ["hi", "”", "hi", "!", ""]
    assert [len(piece.token_ids) for piece in pieces] == [1, 2, 1, 1, 1]
    assert reason == "end"


async def test_the_last_word_without_what_follows(engines: Any) -> None:
    """After the last word, the token that showed its end is dropped, even one of several bytes."""
    vocabulary = byte_level(("h", "i"), ("â", "Ģ"))
    engine = engines(learnt(vocabulary, ("hi", *QUOTE)))

    pieces, reason = await written(engine, max_tokens=1)

    assert [(piece.text, piece.bytes, len(piece.token_ids)) for piece in pieces] == [("hi", b"hi", 1)]
    assert reason == "length"


async def test_tokens_across_a_border(engines: Any) -> None:
    """A token that belongs to two words stays whole, with the first of them."""
    vocabulary = byte_level((".", '"'), ("h", "i"))
    engine = engines(learnt(vocabulary, ("hi", '."', "hi")))

    pieces, _ = await written(engine)

    assert [piece.text for piece in pieces] == ["hi", '."', "hi", ""]


async def test_log_probabilities(engines: Any) -> None:
    """A word's log probability is that of its alternative, or of its own tokens and of its ending there."""
    engine = engines(Script(texts=("ab.", "ab.", "ab.", "abc.", "abc.", "x"), smoothing=0.0).model())

    ((likely, *_), _) = await written(engine, prompt="", logprobs=2, max_tokens=1)
    ((plain, *_), _) = await written(engine, prompt="", max_tokens=1)

    assert likely.text == plain.text == "ab"
    assert math.exp(likely.logprob) == pytest.approx(0.5, abs=1e-4)
    assert math.exp(plain.logprob) == pytest.approx(0.5, abs=1e-4)
    assert [each.text for each in likely.alternatives] == ["ab", "abc"]


async def test_the_end_within_white_space(engines: Any) -> None:
    """White space that the end follows is part of the end."""
    engine = engines(Script(texts=("ab \n",), smoothing=0.0).model())

    pieces, reason = await written(engine, prompt="", logprobs=1)

    assert [piece.text for piece in pieces] == ["ab", " \n"]
    assert pieces[1].token_ids[-1] == pieces[1].alternatives[0].token_ids[-1]
    assert pieces[1].alternatives[0].end
    assert reason == "end"


async def test_stop_texts_between_words(engines: Any) -> None:
    """A stop text that begins in one word and ends in the next cuts both."""
    engine = engines(Script(texts=("one two three",), smoothing=0.0).model())

    pieces, reason = await written(engine, prompt="", stop=("e tw",))

    assert "".join([piece.text for piece in pieces]) == "on"
    assert reason == "stop"


async def test_endless_words(engines: Any) -> None:
    """A run that never ends is handed out in parts of 64 tokens."""
    engine = engines(Script(texts=("a" * 400,), order=2, smoothing=0.0).model())

    pieces, _ = await written(engine, prompt="", max_tokens=3)

    assert [len(piece.text) for piece in pieces] == [64, 64, 64]


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("logprobs", [0, 2])
async def test_every_unit_of_a_text(engines: Any, unit: Unit, logprobs: int) -> None:
    """Whatever the unit, a text that is known by heart is handed out whole, and each piece is its best alternative."""
    text = "“Once,” he said…\n\nNo. 3.14 is π! 今日は。 The end"
    engine = engines(Script(texts=(text,), smoothing=0.0).model())

    pieces, reason = await written(engine, prompt="", unit=unit, logprobs=logprobs, max_tokens=200)

    assert "".join([piece.text for piece in pieces]) == text
    assert reason == "end"
    for piece in pieces:
        assert [each.text for each in piece.alternatives[:1]] == [piece.text][:logprobs]
