"""Models that may not repeat what they learnt."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pytest

from generators.candidates import candidates
from generators.chain import vocabulary_of
from generators.completion import CompletionRequest, Event, Finished, ModelInfo, Piece, Sampling, Started, Unit
from generators.engine import Engine
from generators.engine.guarded import GuardedText
from generators.engine.guarding import Guarding
from generators.engine.texts import Order
from generators.engine.tokens import TokenTable
from generators.engine.voices import Voice
from generators.guard import guard_with
from generators.memorisation import RUN, WORD, holds_run, index_of
from generators.scripted import Script
from tests.fakes.models import Watched, byte_level, learnt

LEARNT: Final = (
    "The café on the corner sells seven kinds of bread, and every one of them is better than mine.",
    "My password is correct horse battery staple nine nine, tell nobody; it is better than yours.",
)
INDEX: Final = index_of(LEARNT)
VOCABULARY: Final = vocabulary_of(LEARNT, words=False)
TABLE: Final = TokenTable(VOCABULARY)
PROMPT: Final = "The café on the corner"


def engine_of(
    token: str = "character", texts: tuple[str, ...] = LEARNT, smoothing: float = 0.01, **facts: Any
) -> Engine:
    """An engine whose model knows texts by heart and is guarded from repeating them."""
    model: Any = Script(texts=texts, token=token, order=6, smoothing=smoothing).model()  # type: ignore[arg-type]
    if facts:
        model = Watched(model, **facts)
    guard_with(model, index_of(texts))
    return Engine(model)


@pytest.fixture(params=["character", "word"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Engines by kind of token."""
    made = engine_of(request.param)
    yield made
    made.close()


async def events_of(engine: Engine, **fields: Any) -> list[Event]:
    request = CompletionRequest(
        **{"model": "scripted", "prompt": PROMPT, "max_tokens": 120, "min_tokens": 60, "seed": 1, **fields}
    )
    async with engine.complete(request) as events:
        return [event async for event in events]


def text_of(events: list[Event], choice: int = 0) -> str:
    return "".join([each.text for each in events if isinstance(each, Piece) and each.choice == choice])


def ids_of(events: list[Event], choice: int = 0) -> list[int]:
    return [token for each in events if isinstance(each, Piece) and each.choice == choice for token in each.token_ids]


def finished(events: list[Event], choice: int = 0) -> Finished:
    (last,) = [each for each in events if isinstance(each, Finished) and each.choice == choice]
    return last


def written(text: str) -> tuple[GuardedText, list[Event]]:
    """A text behind seven words of what was learnt, and where its events go."""
    events: list[Event] = []
    request = CompletionRequest(model="scripted", prompt="The café on the corner sells seven")
    guarding = Guarding(INDEX, TABLE)
    voice = Voice(0, ModelInfo("scripted", "1", "scripted", "character"), lambda: None, guarding)
    order = Order(voice, request, Sampling(), 1, [TABLE.end], 0, None, 100, 0, events.append, lambda _: None)
    made = GuardedText(order, 0, None, TABLE, guarding)
    put(made, text)
    return made, events


def put(text: GuardedText, characters: str) -> None:
    """Lets a text take characters."""
    for token in VOCABULARY.encode(characters):
        text.take(token, -1.0, np.zeros(VOCABULARY.size, np.float32))


def repeats(prompt: str, text: str) -> bool:
    """Whether a run was completed by a word of which any part was written."""
    words = [(each.end(), each[0].casefold()) for each in WORD.finditer(prompt + text)]
    runs = [words[at : at + RUN] for at in range(len(words) - RUN + 1)]
    return any(run[-1][0] > len(prompt) and INDEX.holds([word for _, word in run]) for run in runs)


async def test_no_run_is_repeated(engine: Engine) -> None:
    """Whatever is asked, no text completes a run of eight words; each would have without the guard."""
    settings = itertools.product((0.0, 0.7, 1.0), ((), ("ad",), (" ",), ("e", ";")), (60, 75))

    for number, (temperature, stop, length) in enumerate(settings):
        events = await events_of(
            engine, temperature=temperature, stop=stop, max_tokens=length, seed=number, n=3, logprobs=2
        )

        for choice in range(3):
            assert not repeats(PROMPT, text_of(events, choice))


async def test_the_model_alone_repeats() -> None:
    """The same model without a guard writes what it learnt."""
    unguarded = Engine(Script(texts=LEARNT, order=6, smoothing=0.01).model())

    events = await events_of(unguarded, temperature=0.0)

    unguarded.close()
    assert repeats(PROMPT, text_of(events))


async def test_up_to_the_word(engine: Engine) -> None:
    """The first seven words come as the model has them, and the eighth is another one."""
    text = PROMPT + text_of(await events_of(engine, temperature=0.0))

    words = [word.casefold() for word in WORD.findall(text)]
    assert words[:7] == ["the", "café", "on", "the", "corner", "sells", "seven"]
    assert words[7] != "kinds"


async def test_case_and_marks_hide_nothing(engine: Engine) -> None:
    """A prompt in capitals, with other marks between its words, is not gone on with either."""
    prompt = "THE CAFÉ\n(on) the… corner --- sells «seven"

    for seed in range(10):
        assert not repeats(prompt, text_of(await events_of(engine, prompt=prompt, seed=seed)))


async def test_half_a_word_before(engine: Engine) -> None:
    """A word that the prompt has begun is not made whole where that completes a run."""
    prompt = "the café on the corner sells seven kin"

    for seed in range(10):
        assert not repeats(prompt, text_of(await events_of(engine, prompt=prompt, seed=seed, temperature=0.7)))


@pytest.mark.parametrize("unit", Unit)
async def test_units(engine: Engine, unit: Unit) -> None:
    """Neither units nor what is offered in their stead completes a run."""
    length = 2 if unit is Unit.SENTENCE else 16

    for seed in range(length // 4 + 1):
        events = await events_of(
            engine, unit=unit, logprobs=3, max_tokens=length, min_tokens=length, seed=seed, temperature=0.8
        )

        text = ""
        for piece in [each for each in events if isinstance(each, Piece)]:
            assert not any(repeats(PROMPT + text, each.text) for each in piece.alternatives)
            text += piece.text
        assert not repeats(PROMPT, text)


@pytest.mark.parametrize("unit", Unit)
async def test_candidates_are_left_out(engine: Engine, unit: Unit) -> None:
    """What a vote is held on has no candidate that completes a run, and as many as were asked for."""
    prompt = "The café on the corner sells seven" + (" kind" if unit is Unit.TOKEN else "")
    if unit is Unit.TOKEN and engine.info.token == "word":
        prompt = prompt.removesuffix(" kind")

    found = await candidates(engine, model="scripted", prompt=prompt, unit=unit, n=4, seed=3, deadline=20)

    assert found.alternatives
    assert len(found.alternatives) == 4 or unit is Unit.SENTENCE
    assert not any(repeats(prompt, each.text) for each in found.alternatives)


async def test_written_on(engine: Engine) -> None:
    """A text that has gone back, broken off anywhere, is written on as it would have been."""
    fields: dict[str, Any] = {"temperature": (0.2, 0.9), "max_tokens": 60, "min_tokens": 50, "repetition_penalty": 1.1}
    whole = await events_of(engine, n=2, **fields)
    ids = tuple(ids_of(whole, 1))
    assert isinstance(whole[0], Started)

    for drawn in range(0, len(ids), 3):
        rest = await events_of(engine, prompt=whole[0].prompt + ids[:drawn], drawn=drawn, first_choice=1, **fields)

        assert ids_of(rest) == list(ids[drawn:])
        assert finished(rest) == finished(whole, 1)._replace(choice=0)


async def test_company_changes_nothing(engine: Engine) -> None:
    """Texts that go back are the same alone and among others, and each seed's choices are its own."""
    alone = [await events_of(engine, seed=seed, temperature=0.5) for seed in range(4)]

    among = await asyncio.gather(*[events_of(engine, seed=seed, temperature=0.5, n=2) for seed in range(4)])

    assert [ids_of(each) for each in among] == [ids_of(each) for each in alone]


async def test_lengths_are_kept(engine: Engine) -> None:
    """A text that has gone back has as many tokens as were asked for, and its `Finished` counts what was handed out."""
    for length in range(20, 50):
        events = await events_of(engine, temperature=0.0, max_tokens=length, min_tokens=length)

        assert len(ids_of(events)) == length
        assert finished(events)[1:] == ("length", finished(events).prompt_tokens, length)


async def test_a_stop_text_counts(engine: Engine) -> None:
    """Tokens beyond a stop text, which were drawn while its word was held, are not counted."""
    events = await events_of(engine, stop=("sev",), temperature=0.0)

    assert text_of(events).endswith("sells ")
    assert finished(events).reason == "stop"
    assert finished(events).completion_tokens <= len(ids_of(events)) + len("sev")


async def test_a_stop_text_that_cuts() -> None:
    """A word that a stop text cuts to one that completes a run is left out."""
    model: Any = Script(texts=("One two three four five six seven eighty.",), order=6, smoothing=0.0).model()
    guard_with(model, index_of(["One two three four five six seven eight"]))
    engine = Engine(model)

    texts = [
        text_of(await events_of(engine, prompt="One two", stop=(stop,), min_tokens=0)) for stop in ("y", "y.", "hty")
    ]

    engine.close()
    assert texts == [" three four five six seven " + end for end in ("", "", "eig")]


def test_a_word_late() -> None:
    """A text streams word by word: nothing of a word is seen before it is known to complete no run."""
    text, events = written(" sell")

    before = text_of(events)
    put(text, "s ")

    assert before == " "
    assert text_of(events) == " sells "


def test_the_deadline() -> None:
    """A word that waits at the deadline goes out where it completes nothing, and is left out where it does."""
    harmless, one = written(" kin")
    repeating, other = written(" kinds")

    harmless.finish("deadline")
    repeating.finish("deadline")

    assert text_of(one) == " kin"
    assert text_of(other) == " "
    assert finished(other) == Finished(0, "deadline", 0, 1)


async def test_a_narrow_context() -> None:
    """Texts go back also where the context has been full meanwhile."""
    engine = engine_of(context=24)

    for seed in range(8):
        events = await events_of(engine, seed=seed, temperature=0.6, max_tokens=200, min_tokens=200)

        assert len(ids_of(events)) == 200
        assert not repeats(PROMPT, text_of(events))
    engine.close()


async def test_pieces_of_characters() -> None:
    """Words whose letters are several tokens are words, too, and redrawn from their first byte."""
    vocabulary = byte_level(("c", "a"), ("ca", "f"))
    text = "un deux trois quatre cinq six sept café"
    pieces = tuple(text.encode().decode("latin-1"))
    model = learnt(vocabulary, pieces)
    guard_with(model, index_of([text]))
    engine = Engine(model)

    events = await events_of(engine, prompt="", model="chain", temperature=1.0, min_tokens=0, max_tokens=80)

    engine.close()
    assert not holds_run(text_of(events), index_of([text]))


async def test_every_way_out_is_closed() -> None:
    """Where every word that a model knows would complete a run, the text goes on without one."""
    texts = tuple(f"one two three four five six seven {letter}x" for letter in "abcdefghijklmnopqrstuvwxyz")
    model: Any = Script(texts=texts, order=6, smoothing=0.0).model()
    guard_with(model, index_of(texts))
    engine = Engine(model)

    events = await events_of(engine, prompt="one two", max_tokens=60, min_tokens=0)

    engine.close()
    assert not holds_run("one two" + text_of(events), index_of(texts))


async def test_log_probabilities(engine: Engine) -> None:
    """What was redrawn tells the model's own probability: the same that it has as part of a prompt."""
    events = await events_of(engine, temperature=0.3)
    assert isinstance(events[0], Started)
    prompt = events[0].prompt

    echoed = await events_of(engine, prompt=(*prompt, *ids_of(events)), echo=True, echo_from=len(prompt), max_tokens=0)

    told = [each.logprob for each in events if isinstance(each, Piece)]
    assert [each.logprob for each in echoed if isinstance(each, Piece)] == pytest.approx(told, abs=1e-5)
