"""What every generator keeps, whatever is behind it."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from generators.candidates import candidates, score
from generators.completion import (
    CompletionRequest,
    Event,
    Finished,
    Generator,
    ModelInfo,
    Piece,
    Priority,
    Started,
    Unit,
)
from generators.errors import InvalidValue, UnknownModel, Unsupported
from generators.units import Kind, kind

PROMPT = "Once upon"


async def events_of(generator: Generator, model: ModelInfo, **fields: Any) -> list[Event]:
    request = CompletionRequest(**{"model": model.name, "prompt": PROMPT, "max_tokens": 20, "seed": 7, **fields})
    async with generator.complete(request) as events:
        return [event async for event in events]


def pieces_of(events: list[Event], choice: int = 0) -> list[Piece]:
    return [event for event in events if isinstance(event, Piece) and event.choice == choice]


def text_of(events: list[Event], choice: int = 0) -> str:
    return "".join([piece.text for piece in pieces_of(events, choice)])


def ids_of(events: list[Event], choice: int = 0) -> list[int]:
    return [token for piece in pieces_of(events, choice) for token in piece.token_ids]


def started(events: list[Event]) -> Started:
    first = events[0]
    assert isinstance(first, Started)
    return first


def finished(events: list[Event], choice: int = 0) -> Finished:
    (last,) = [event for event in events if isinstance(event, Finished) and event.choice == choice]
    return last


async def test_order_of_events(generator: Generator, model: ModelInfo) -> None:
    """What writes comes first, then pieces, and each choice ends with its `Finished`."""
    events = await events_of(generator, model, n=3)

    assert started(events)[:3] == (model.name, model.version, 7)
    assert [type(event) for event in events].count(Started) == 1
    assert sorted(event.choice for event in events if isinstance(event, Finished)) == [0, 1, 2]
    for choice in range(3):
        own = [event for event in events[1:] if getattr(event, "choice", None) == choice]
        assert [type(event) for event in own] == [Piece] * (len(own) - 1) + [Finished]
        assert finished(events, choice).completion_tokens == len(own) - 1 > 0


async def test_bytes_are_the_text(generator: Generator, model: ModelInfo) -> None:
    """Pieces' bytes joined are their texts joined."""
    events = await events_of(generator, model, max_tokens=200, temperature=1.5)

    assert b"".join([piece.bytes for piece in pieces_of(events)]).decode("utf-8", "replace") == text_of(events)


@pytest.mark.needs("ids")
async def test_a_piece_is_a_token(generator: Generator, model: ModelInfo) -> None:
    """Without a unit every piece is one token, with its log probability."""
    events = await events_of(generator, model, max_tokens=200, temperature=1.5)

    assert all(len(piece.token_ids) == 1 for piece in pieces_of(events))
    assert all(piece.logprob <= 0 for piece in pieces_of(events))


@pytest.mark.needs("seeds", "ids")
async def test_seeds_reproduce(generator: Generator, model: ModelInfo) -> None:
    """A seed decides the text, also one that was drawn and told; another seed writes another text."""
    first = await events_of(generator, model, seed=None, max_tokens=40, min_tokens=40, temperature=1.0)

    again = await events_of(generator, model, seed=started(first).seed, max_tokens=40, min_tokens=40, temperature=1.0)
    other = await events_of(generator, model, seed=8, max_tokens=40, min_tokens=40, temperature=1.0)

    assert ids_of(again) == ids_of(first)
    assert ids_of(other) != ids_of(first)


@pytest.mark.needs("seeds", "ids")
async def test_choices_differ(generator: Generator, model: ModelInfo) -> None:
    """Choices are texts of their own, and the first is what a single one would have been."""
    events = await events_of(generator, model, n=4, max_tokens=40, min_tokens=40, temperature=1.0)
    alone = await events_of(generator, model, max_tokens=40, min_tokens=40, temperature=1.0)

    assert len({tuple(ids_of(events, choice)) for choice in range(4)}) == 4
    assert ids_of(events) == ids_of(alone)


@pytest.mark.needs("seeds", "ids")
async def test_company_changes_nothing(generator: Generator, model: ModelInfo) -> None:
    """A text among thirty others is the text that it is alone, its log probabilities within 1e-5."""
    alone = await events_of(generator, model, max_tokens=30, temperature=0.7, logprobs=2)

    others = [
        events_of(generator, model, seed=seed, prompt=PROMPT[: seed % 9], max_tokens=10 + seed, user=str(seed % 4))
        for seed in range(30)
    ]
    (among, *_) = await asyncio.gather(events_of(generator, model, max_tokens=30, temperature=0.7, logprobs=2), *others)

    assert ids_of(among) == ids_of(alone)
    for one, other in zip(pieces_of(among), pieces_of(alone), strict=True):
        assert one.logprob == pytest.approx(other.logprob, abs=1e-5)


async def test_temperature_zero(generator: Generator, model: ModelInfo) -> None:
    """At 0 the text is the same, whatever the seed."""
    one = await events_of(generator, model, temperature=0.0, logprobs=1, seed=1, min_tokens=0)
    other = await events_of(generator, model, temperature=0.0, logprobs=1, seed=2, min_tokens=0)

    assert (ids_of(one), text_of(one)) == (ids_of(other), text_of(other))


@pytest.mark.needs("seeds")  # others may penalise repetition by themselves, as llama-cpp-python does
async def test_the_likeliest(generator: Generator, model: ModelInfo) -> None:
    """At 0 every token is the likeliest."""
    events = await events_of(generator, model, temperature=0.0, logprobs=1, min_tokens=0)

    for piece in pieces_of(events):
        assert piece.alternatives[0].logprob == pytest.approx(piece.logprob, abs=1e-5)


@pytest.mark.needs("ids")
async def test_filters(generator: Generator, model: ModelInfo) -> None:
    """top_k 1 writes what temperature 0 writes; log probabilities stay those of the whole vocabulary."""
    greedy = await events_of(generator, model, temperature=0.0, min_tokens=0)

    filtered = await events_of(generator, model, temperature=1.3, top_k=1, min_tokens=0)

    assert ids_of(filtered) == ids_of(greedy)
    assert [p.logprob for p in pieces_of(filtered)] == pytest.approx([p.logprob for p in pieces_of(greedy)], abs=1e-5)


@pytest.mark.needs("vocabulary")
async def test_whole_vocabulary(generator: Generator, model: ModelInfo) -> None:
    """All alternatives together have probability 1, the likeliest first, special tokens by name."""
    events = await events_of(generator, model, max_tokens=1, logprobs=None)

    (piece,) = pieces_of(events)
    logprobs = [each.logprob for each in piece.alternatives]
    assert math.fsum(map(math.exp, logprobs)) == pytest.approx(1, abs=1e-4)
    assert logprobs == sorted(logprobs, reverse=True)
    (end,) = [each for each in piece.alternatives if each.end]
    assert end.text == "<s>"
    assert {"<0xFF>", "<0x0A>"} <= {each.text for each in piece.alternatives}
    (own,) = [each for each in piece.alternatives if each.token_ids == piece.token_ids]
    assert own.logprob == pytest.approx(piece.logprob, abs=1e-5)


async def test_stop_texts(generator: Generator, model: ModelInfo) -> None:
    """The text ends before a stop text that begins in one piece and ends in another, and shows none of it."""
    whole = text_of(await events_of(generator, model, max_tokens=60, min_tokens=60, temperature=0.0))
    stop = whole[7:10]

    events = await events_of(generator, model, max_tokens=60, min_tokens=60, temperature=0.0, stop=("≠", stop))

    assert text_of(events) == whole[: whole.index(stop)]
    assert b"".join([piece.bytes for piece in pieces_of(events)]).decode() == text_of(events)
    assert finished(events).reason == "stop"


@pytest.mark.needs("ids")
async def test_prompt_as_ids(generator: Generator, model: ModelInfo) -> None:
    """The ids that `Started` and the pieces gave go on exactly where the text would have gone."""
    whole = await events_of(generator, model, temperature=0.0, max_tokens=12, min_tokens=12)

    half = tuple(ids_of(whole)[:6])
    again = await events_of(generator, model, prompt=started(whole).prompt, temperature=0.0, min_tokens=12)
    rest = await events_of(
        generator, model, prompt=started(whole).prompt + half, temperature=0.0, max_tokens=6, min_tokens=6
    )

    assert ids_of(again)[:12] == ids_of(whole)
    assert ids_of(rest) == ids_of(whole)[6:]


@pytest.mark.needs("ids")
async def test_written_on(generator: Generator, model: ModelInfo) -> None:
    """A choice that was broken off anywhere is written on as it would have been, up to the same end."""
    fields: dict[str, Any] = {"temperature": (0.3, 1.5), "max_tokens": 30, "min_tokens": 25, "repetition_penalty": 1.2}
    whole = await events_of(generator, model, n=3, **fields)
    ids = tuple(ids_of(whole, 2))

    for drawn in (0, 1, len(ids) - 1):
        prompt = started(whole).prompt + ids[:drawn]
        rest = await events_of(generator, model, prompt=prompt, drawn=drawn, first_choice=2, **fields)

        assert ids_of(rest) == list(ids[drawn:])
        assert finished(rest) == finished(whole, 2)._replace(choice=0)


@pytest.mark.needs("ids")
async def test_an_empty_prompt(generator: Generator, model: ModelInfo) -> None:
    """A text may begin from nothing."""
    events = await events_of(generator, model, prompt="", max_tokens=5, min_tokens=5)

    assert started(events).prompt == ()
    assert finished(events)[2:] == (0, 5)


async def test_min_tokens(generator: Generator, model: ModelInfo) -> None:
    """The end is not drawn before its time, even at high temperatures."""
    for seed in range(10):
        events = await events_of(generator, model, seed=seed, temperature=5.0, max_tokens=60, min_tokens=50)

        assert len(pieces_of(events)) >= 50


@pytest.mark.needs("echo")
async def test_echo(generator: Generator, model: ModelInfo) -> None:
    """A prompt's pieces have the log probabilities that the same tokens had when they were written."""
    written = await events_of(generator, model, max_tokens=30, min_tokens=30, temperature=1.0)
    prompt = started(written).prompt

    echoed = await events_of(
        generator, model, prompt=(*prompt, *ids_of(written)), echo=True, echo_from=len(prompt), max_tokens=0
    )

    assert ids_of(echoed, -1) == ids_of(written)
    assert [p.logprob for p in pieces_of(echoed, -1)] == pytest.approx(
        [p.logprob for p in pieces_of(written)], abs=1e-5
    )
    assert finished(echoed, -1)[1:] == ("length", len(prompt) + 30, 0)


@pytest.mark.needs("echo")
async def test_echo_and_more(generator: Generator, model: ModelInfo) -> None:
    """With an echo the prompt comes first and the text after it is what it would be without."""
    plain = await events_of(generator, model, temperature=0.0)

    events = await events_of(generator, model, temperature=0.0, echo=True, logprobs=1)

    echoed = pieces_of(events, -1)
    assert "".join([piece.text for piece in echoed]) == PROMPT
    assert [type(event) for event in events[: len(echoed) + 1]] == [Started] + [Piece] * len(echoed)
    assert all(piece.alternatives[0].logprob >= piece.logprob - 1e-6 for piece in echoed)
    assert ids_of(events) == ids_of(plain)


@pytest.mark.needs("units")
@pytest.mark.parametrize("unit", Unit)
async def test_units(generator: Generator, model: ModelInfo, unit: Unit) -> None:
    """Pieces in units are whole characters, carry alternatives in order, and joined they are the text."""
    events = await events_of(generator, model, unit=unit, logprobs=3, max_tokens=4, min_tokens=4, temperature=0.7)

    pieces = pieces_of(events)
    assert len(pieces) == 4 == finished(events).completion_tokens - sum(len(p.token_ids) - 1 for p in pieces)
    assert b"".join([piece.bytes for piece in pieces]).decode("utf-8", "replace") == text_of(events)
    for piece in pieces:
        logprobs = [each.logprob for each in piece.alternatives]
        assert 1 <= len(logprobs) <= 3
        assert logprobs == sorted(logprobs, reverse=True)
        assert len({each.text for each in piece.alternatives}) == len(logprobs)
        assert all(each.end == (each.text == "") for each in piece.alternatives)


@pytest.mark.needs("units")
async def test_units_change_no_text(generator: Generator, model: ModelInfo) -> None:
    """Writing in words draws the same tokens as writing in tokens."""
    tokens = await events_of(generator, model, max_tokens=60, min_tokens=60, temperature=0.7)

    words = await events_of(generator, model, max_tokens=3, min_tokens=3, temperature=0.7, unit=Unit.WORD, logprobs=0)

    assert text_of(tokens).startswith(text_of(words))


@pytest.mark.needs("units")
async def test_after_a_whole_word(generator: Generator, model: ModelInfo) -> None:
    """Neither alternatives nor what is drawn makes a whole word longer."""
    events = await events_of(
        generator, model, n=8, max_tokens=2, unit=Unit.WORD, after_unit=True, logprobs=5, temperature=3.0
    )

    first = [pieces_of(events, choice)[0] for choice in range(8)]
    texts = [piece.text for piece in first] + [each.text for piece in first for each in piece.alternatives]
    assert not any(kind(text[0]) is Kind.RUN for text in texts if text)


@pytest.mark.needs("units")
async def test_candidates(generator: Generator, model: ModelInfo) -> None:
    """The likeliest words go on from a prompt; asked again in ids the same come; a write-in of one weighs the same."""
    found = await candidates(generator, model=model.name, prompt=PROMPT, n=4, seed=1)
    again = await candidates(generator, model=model.name, prompt=found.prompt, n=4, seed=1)

    first = next(each for each in found.alternatives if not each.end)
    written = await score(generator, model=model.name, prompt_ids=found.prompt, text=first.text)

    assert [each.text for each in again.alternatives] == [each.text for each in found.alternatives]
    assert [each.logprob for each in again.alternatives] == pytest.approx(
        [each.logprob for each in found.alternatives], abs=1e-5
    )
    assert again.prompt == found.prompt
    assert found.version == model.version
    assert len(found.alternatives) == 4
    assert sum(math.exp(each.logprob) for each in found.alternatives) <= 1 + 1e-5
    assert written.text == first.text
    assert written.logprob == pytest.approx(first.logprob, abs=0.02 if model.token == "word" else 1e-3)


@pytest.mark.needs("units")
async def test_sentences(generator: Generator, model: ModelInfo) -> None:
    """Sampled sentences are the same for a seed, and different from each other."""
    found = await candidates(generator, model=model.name, prompt=PROMPT, unit=Unit.SENTENCE, n=3, seed=5)
    again = await candidates(generator, model=model.name, prompt=PROMPT, unit=Unit.SENTENCE, n=3, seed=5)

    assert [each.token_ids for each in found.alternatives] == [each.token_ids for each in again.alternatives]
    assert len({each.text for each in found.alternatives}) == len(found.alternatives) >= 1
    assert not found.exact


@pytest.mark.needs("ids")
async def test_only_token_ids(generator: Generator, model: ModelInfo) -> None:
    """Nothing to write and nothing to score tells the prompt's ids."""
    events = await events_of(generator, model, max_tokens=0)

    assert [type(event) for event in events] == [Started, Finished]
    assert len(started(events).prompt) > 0


async def test_leaving_early(generator: Generator, model: ModelInfo) -> None:
    """Breaking off and leaving the context ends the text; the next one is not disturbed."""
    expected = await events_of(generator, model, temperature=0.0)
    for _ in range(200):  # more than may wait, so that places which were not given back would show
        request = CompletionRequest(model=model.name, prompt=PROMPT, max_tokens=20_000, min_tokens=20_000)
        async with generator.complete(request) as events:
            async for event in events:
                if isinstance(event, Piece):
                    break

    assert text_of(await events_of(generator, model, temperature=0.0)) == text_of(expected)


async def test_cancelled(generator: Generator, model: ModelInfo) -> None:
    """A task that is cancelled while it reads lets go of its text."""
    begun = asyncio.Event()

    async def read() -> None:
        request = CompletionRequest(model=model.name, prompt=PROMPT, max_tokens=20_000, min_tokens=20_000)
        async with generator.complete(request) as events:
            async for event in events:
                if isinstance(event, Piece):
                    begun.set()

    tasks = [asyncio.create_task(read()) for _ in range(30)]
    await begun.wait()

    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    assert await events_of(generator, model)


async def test_deadline(generator: Generator, model: ModelInfo) -> None:
    """At its deadline a text ends with what there is."""
    events = await events_of(generator, model, max_tokens=20_000, min_tokens=20_000, deadline=0.05)

    assert finished(events).reason == "deadline"
    assert len(pieces_of(events)) < 20_000


async def test_unknown_model(generator: Generator, model: ModelInfo) -> None:
    """A name that is not listed is refused with the nearest that is."""
    with pytest.raises(UnknownModel) as caught:
        async with generator.complete(CompletionRequest(model=model.name + "x")):
            pass

    assert caught.value.nearest == model.name


async def test_the_version_of_a_story(generator: Generator, model: ModelInfo) -> None:
    """A model can be asked for in the version that it has."""
    request = CompletionRequest(model=f"{model.name}@{model.version}", max_tokens=1, priority=Priority.BALLOT)
    async with generator.complete(request) as events:
        assert started([event async for event in events]).version == model.version


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"label": "nonsense"}, Unsupported),
        pytest.param({"unit": Unit.WORD, "logprobs": None}, InvalidValue, marks=pytest.mark.needs("units")),
        pytest.param({"prompt": (10_000_000,)}, InvalidValue, marks=pytest.mark.needs("ids")),
        pytest.param({"prompt": (-1,)}, InvalidValue, marks=pytest.mark.needs("ids")),
        ({"prompt": "half \ud800"}, InvalidValue),
        ({"stop": (".", "\udcff")}, InvalidValue),
    ],
)
async def test_what_cannot_be_done(
    generator: Generator, model: ModelInfo, fields: dict[str, Any], error: type[Exception]
) -> None:
    """What no text can come of is refused on entering."""
    with pytest.raises(error):
        await events_of(generator, model, **fields)
