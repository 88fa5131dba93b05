"""What a vote is held on."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import pytest

from generators.candidates import candidates, score
from generators.completion import Alternative, Unit
from generators.scripted import Script, ScriptedGenerator

TEXTS = ("the cat sat.", "the cat ran.", "the dogs ran.", "the dog")


@pytest.fixture
async def generator() -> AsyncIterator[ScriptedGenerator]:
    generator = ScriptedGenerator(Script(texts=TEXTS, smoothing=0.0))
    yield generator
    await generator.close()


async def test_words(generator: ScriptedGenerator) -> None:
    """The likeliest words come with their probability over everything that could stand there."""
    found = await candidates(generator, model="scripted", prompt="the", n=5, seed=3)

    assert [(each.text, round(math.exp(each.logprob), 3)) for each in found.alternatives[:3]] == [
        (" cat", 0.5),
        (" dog", 0.25),
        (" dogs", 0.25),
    ]
    assert found.exact
    assert (found.seed, found.model, found.version, found.dropped) == (3, "scripted", "script", 0)


@pytest.mark.parametrize(("after_unit", "texts"), [(False, ["", "s"]), (True, [""])])
async def test_after_a_whole_word(generator: ScriptedGenerator, after_unit: bool, texts: list[str]) -> None:
    """A word that has been chosen is whole: nothing makes it longer, and probabilities stay absolute."""
    found = await candidates(generator, model="scripted", prompt="the dog", after_unit=after_unit)

    assert sorted(each.text for each in found.alternatives if each.logprob > math.log(0.1)) == texts
    assert next(each for each in found.alternatives if each.end).logprob == pytest.approx(math.log(0.5))


async def test_a_story(generator: ScriptedGenerator) -> None:
    """The prompt's ids and the chosen word's are the next prompt, to the end."""
    found = await candidates(generator, model="scripted", prompt="", n=2)
    story, said = found.prompt, ""

    for _ in range(9):
        chosen = found.alternatives[0]
        if chosen.end:
            break
        story, said = story + chosen.token_ids, said + chosen.text
        found = await candidates(generator, model="scripted", prompt=story, n=2)

    assert said in ("the cat sat.", "the cat ran.")
    assert found.alternatives[0].end


@pytest.mark.parametrize("text", [" cat", " dog", " dogs"])
async def test_a_write_in_like_a_candidate(generator: ScriptedGenerator, text: str) -> None:
    """A word that somebody writes has the probability that it has among the candidates."""
    found = await candidates(generator, model="scripted", prompt="the", n=3)

    written = await score(generator, model="scripted", prompt_ids=found.prompt, text=text)

    (offered,) = [each for each in found.alternatives if each.text == text]
    assert written == Alternative(offered.token_ids, text, pytest.approx(offered.logprob, abs=1e-5))


async def test_a_longer_write_in(generator: ScriptedGenerator) -> None:
    """Several words have the probability of them all in sequence; of a sentence no end is asked."""
    prompt = (await candidates(generator, model="scripted", prompt="the", n=1)).prompt

    words = await score(generator, model="scripted", prompt_ids=prompt, text=" cat sat.")
    sentence = await score(generator, model="scripted", prompt_ids=prompt, text=" dog", unit=Unit.SENTENCE)

    assert math.exp(words.logprob) == pytest.approx(0.25, abs=1e-4)
    assert math.exp(sentence.logprob) == pytest.approx(0.5, abs=1e-4)


async def test_an_unlikely_write_in(generator: ScriptedGenerator) -> None:
    """What the model would never write can still be written, with hardly any probability."""
    prompt = (await candidates(generator, model="scripted", prompt="the", n=1)).prompt

    written = await score(generator, model="scripted", prompt_ids=prompt, text=" Ωmega 😀")

    assert -math.inf < written.logprob < -20
    assert written.text == " Ωmega 😀"


async def test_sentences(generator: ScriptedGenerator) -> None:
    """Of sampled sentences those that differ come, by the probability of their tokens."""
    found = await candidates(generator, model="scripted", prompt="the", unit=Unit.SENTENCE, n=4, seed=1)

    assert {each.text for each in found.alternatives} == {" cat sat.", " cat ran.", " dogs ran.", " dog"}
    assert not found.exact
    for each in found.alternatives:
        assert math.exp(each.logprob) == pytest.approx(0.25 if each.text != " dog" else 0.5, abs=1e-3)


async def test_tokens(generator: ScriptedGenerator) -> None:
    """Tokens are characters here, one of them the end."""
    found = await candidates(generator, model="scripted", prompt="the dog", unit=Unit.TOKEN, n=2)

    assert [(each.text, each.end) for each in found.alternatives] == [("", True), ("s", False)]
