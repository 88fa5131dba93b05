"""A GPT-2 behind the engine: texts, ballots, scores and measures."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from generators.completion import CompletionRequest, Event, Finished, Piece, Started, Unit
from generators.directory import WEIGHTS
from generators.engine import Engine
from generators.evaluation import evaluate
from generators.gpt2.writer import GPT2
from generators.sampling import log_softmax
from generators.training import Document
from tests.fakes.language_models import TEXT, save_gpt2, transformers_logits
from tests.generators.gpt2.conftest import opened

CONTEXT = 160


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return save_gpt2(tmp_path / "model", spread=0.1, n_positions=CONTEXT)


@pytest.fixture
async def engine(model: GPT2) -> AsyncIterator[Engine]:
    engine = Engine(model)
    yield engine
    engine.close()


async def events_of(engine: Engine, **fields: object) -> list[Event]:
    request = CompletionRequest(**{"model": "tiny", "seed": 3, **fields})  # type: ignore[arg-type]
    async with engine.complete(request) as events:
        return [event async for event in events]


def pieces_of(events: list[Event], choice: int = 0) -> list[Piece]:
    return [event for event in events if isinstance(event, Piece) and event.choice == choice]


async def test_texts(engine: Engine, directory: Path) -> None:
    """A text from nothing starts after <|endoftext|>; its log probabilities are transformers', pieces are its bytes."""
    pieces = pieces_of(await events_of(engine, max_tokens=40, min_tokens=40))

    ids = [token for piece in pieces for token in piece.token_ids]
    logprobs = log_softmax(transformers_logits(directory, [0, *ids]))[np.arange(len(ids)), ids]
    assert len(ids) == 40
    assert 0 not in ids
    assert np.abs(np.array([piece.logprob for piece in pieces]) - logprobs).max() < 1e-4
    assert b"".join(piece.bytes for piece in pieces).decode("utf-8", "replace") == engine.vocabulary.decode(ids)


async def test_many_texts(engine: Engine) -> None:
    """Choices that are written side by side are those that are written one after the other."""
    fields = {"prompt": "Once upon a time", "max_tokens": 50, "min_tokens": 50, "temperature": 0.7}

    together = await events_of(engine, n=6, **fields)

    for choice in (0, 3, 5):
        alone = pieces_of(await events_of(engine, first_choice=choice, **fields))
        assert [piece.token_ids for piece in alone] == [piece.token_ids for piece in pieces_of(together, choice)]


async def test_beyond_the_context(engine: Engine) -> None:
    """A text that outgrows the context goes on after its later part, and long prompts lose their front."""
    events = await events_of(engine, prompt=TEXT * 3, max_tokens=2 * CONTEXT, min_tokens=2 * CONTEXT)

    assert isinstance(events[0], Started)
    assert events[0].dropped > 0
    assert len(pieces_of(events)) == 2 * CONTEXT
    assert isinstance(events[-1], Finished)


@pytest.mark.parametrize("prompt", ["", "The miller had a", TEXT])
async def test_ballots(engine: Engine, directory: Path, prompt: str) -> None:
    """Words to vote on are words, the likeliest first, with the probability that the model gives each of them."""
    (piece,) = pieces_of(await events_of(engine, prompt=prompt, unit=Unit.WORD, logprobs=8, max_tokens=1))

    logprobs = [each.logprob for each in piece.alternatives]
    assert len(logprobs) == 8
    assert logprobs == sorted(logprobs, reverse=True)
    assert math.fsum(math.exp(each) for each in logprobs) <= 1
    assert all(engine.vocabulary.decode(each.token_ids) == each.text for each in piece.alternatives if not each.end)


async def test_a_story_by_votes(engine: Engine) -> None:
    """A text of words, each with its alternatives, is the text of its pieces even where it outgrows the context."""
    events = await events_of(engine, prompt=TEXT, unit=Unit.WORD, logprobs=3, max_tokens=60, min_tokens=60)

    pieces = pieces_of(events)
    assert len(pieces) == 60
    ids = [token for piece in pieces for token in piece.token_ids]
    assert "".join(piece.text for piece in pieces) == engine.vocabulary.decode(ids)


async def test_scores(engine: Engine, directory: Path) -> None:
    """An echoed prompt has the log probabilities that transformers gives its tokens."""
    events = await events_of(engine, prompt="She gave him her ring.", echo=True, max_tokens=0)

    pieces = pieces_of(events, -1)
    ids = [token for piece in pieces for token in piece.token_ids]
    logprobs = log_softmax(transformers_logits(directory, [0, *ids]))[np.arange(len(ids)), ids]
    assert "".join(piece.text for piece in pieces) == "She gave him her ring."
    assert np.abs(np.array([piece.logprob for piece in pieces]) - logprobs).max() < 1e-4


def test_measures(model: GPT2, directory: Path) -> None:
    """Bits per character are transformers' loss over the same text, its end included."""
    texts = TEXT.splitlines()

    measures = evaluate(model, [Document(text) for text in texts])

    nats = 0.0
    for text in texts:
        ids = [0, *model.vocabulary.encode(text), 0]
        logprobs = log_softmax(transformers_logits(directory, ids))
        nats -= float(logprobs[np.arange(len(ids) - 1), ids[1:]].sum())
    characters = sum(map(len, texts))
    assert measures["characters"] == characters
    assert measures["bits_per_character"] == pytest.approx(nats / math.log(2) / characters, abs=1e-5)


def test_measures_beyond_the_context(tmp_path: Path) -> None:
    """A document that is longer than the context is measured whole, in windows."""
    model = opened(save_gpt2(tmp_path / "short", spread=0.1, n_positions=16))

    measures = evaluate(model, [Document(TEXT)])

    assert measures["tokens"] == len(model.vocabulary.encode(TEXT)) + 1
    assert 0 < measures["bits_per_character"] < 20


async def test_a_word_without_end(tmp_path: Path) -> None:
    """A model that only ever writes one letter is read ahead no further than its context reaches."""
    directory = save_gpt2(tmp_path / "short", n_positions=16)
    tensors = load_file(directory / WEIGHTS)
    (letter,) = opened(directory).vocabulary.encode("a")
    tensors["transformer.ln_f.weight"].zero_()
    embedding = tensors["transformer.wte.weight"]
    tensors["transformer.ln_f.bias"].copy_(20 * embedding[letter] / embedding[letter].norm() ** 2)
    save_file(tensors, directory / WEIGHTS, {"format": "pt"})
    engine = Engine(opened(directory))

    events = await events_of(engine, prompt="aaa", unit=Unit.WORD, logprobs=2, max_tokens=12, min_tokens=12)
    engine.close()

    assert len(pieces_of(events)) == 12
    assert all("a" in piece.text for piece in pieces_of(events))
