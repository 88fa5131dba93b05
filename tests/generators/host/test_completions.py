"""The host on the official client's terms."""

from __future__ import annotations

import math

import openai
import pytest
from openai import AsyncOpenAI

from generators.completion import CompletionRequest, Piece
from generators.scripted import ScriptedGenerator
from tests.generators.host.conftest import SCRIPT


async def text_here(**fields: object) -> str:
    """What the same model writes in this process."""
    generator = ScriptedGenerator(SCRIPT)
    request = CompletionRequest(**{"model": "scripted", "prompt": "Once", **fields})  # type: ignore[arg-type]
    async with generator.complete(request) as events:
        text = "".join([event.text async for event in events if isinstance(event, Piece)])
    await generator.close()
    return text


async def test_models(client: AsyncOpenAI) -> None:
    """The models are listed, and each can be looked up by its name."""
    (listed,) = [model async for model in await client.models.list()]

    found = await client.models.retrieve("scripted")

    assert listed == found
    assert (found.id, found.object, found.owned_by) == ("scripted", "model", "planchette")


async def test_a_text(client: AsyncOpenAI) -> None:
    """A whole answer has the text of the seed, why it ended, and what it cost."""
    answer = await client.completions.create(model="scripted", prompt="Once", max_tokens=6, seed=4, temperature=0.1)

    (choice,) = answer.choices
    assert choice.text == await text_here(max_tokens=6, seed=4, temperature=0.1)
    assert choice.finish_reason == "length"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (4, 6, 10)


async def test_streaming(client: AsyncOpenAI) -> None:
    """A stream joins to what comes at once, for each choice, and tells the cost where it is asked to."""
    whole = await client.completions.create(model="scripted", prompt="Once", max_tokens=30, seed=4, n=2, temperature=1)

    texts, reasons, usage = ["", ""], ["", ""], None
    stream = await client.completions.create(
        model="scripted", prompt="Once", max_tokens=30, seed=4, n=2, temperature=1, stream=True,
        stream_options={"include_usage": True},
    )  # fmt: skip
    async for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] += choice.text
            reasons[choice.index] = choice.finish_reason or reasons[choice.index]

    assert texts == [choice.text for choice in whole.choices]
    assert reasons == [choice.finish_reason for choice in whole.choices]
    assert usage == whole.usage


async def test_logprobs_and_echo(client: AsyncOpenAI) -> None:
    """An echo begins with the prompt, and tokens, log probabilities, alternatives and places belong together."""
    answer = await client.completions.create(
        model="scripted", prompt="Once", max_tokens=5, seed=4, echo=True, logprobs=3, temperature=0
    )

    (choice,) = answer.choices
    told = choice.logprobs
    assert told is not None
    assert None not in (told.tokens, told.token_logprobs, told.top_logprobs, told.text_offset)
    tokens, logprobs, tops = told.tokens or [], told.token_logprobs or [], told.top_logprobs or []
    assert choice.text.startswith("Once")
    assert "".join(tokens) == choice.text
    assert [choice.text[at] for at in told.text_offset or ()] == tokens
    assert all(len(top) == 3 for top in tops)
    for token, logprob, top in list(zip(tokens, logprobs, tops, strict=True))[4:]:
        assert logprob == pytest.approx(max(top.values()))
        assert top[token] == pytest.approx(logprob)


async def test_only_scoring(client: AsyncOpenAI) -> None:
    """A prompt is scored without a word being written."""
    answer = await client.completions.create(model="scripted", prompt="Once", max_tokens=0, echo=True, logprobs=0)

    (choice,) = answer.choices
    assert choice.text == "Once"
    assert choice.logprobs is not None
    assert len(choice.logprobs.token_logprobs or ()) == 4


async def test_stop(client: AsyncOpenAI) -> None:
    """A text ends before a stop text, one or several of them."""
    for stop in ("time", ["nothing", "time"]):
        answer = await client.completions.create(
            model="scripted", prompt="Once upon", stop=stop, temperature=0, max_tokens=50
        )

        assert answer.choices[0].text == " a "
        assert answer.choices[0].finish_reason == "stop"


async def test_extensions(client: AsyncOpenAI) -> None:
    """Our fields go beside OpenAI's; token ids as a prompt, words with more than five alternatives, our events."""
    first = await client.completions.create(
        model="scripted", prompt="Once upon", max_tokens=0, extra_body={"events": True}
    )
    started = (first.model_extra or {})["events"][0]

    answer = await client.completions.create(
        model="scripted@script",
        prompt=started["prompt"],
        max_tokens=1,
        logprobs=7,
        user="ada",
        extra_body={"unit": "word", "after_unit": True, "top_k": 5, "temperature": [0.5, 1.0], "priority": 0,
                    "deadline": 20, "events": True},
    )  # fmt: skip

    _, piece, finished = (answer.model_extra or {})["events"]
    assert len(piece["alternatives"]) == 7
    assert sum(math.exp(logprob) for _, _, logprob, _ in piece["alternatives"]) <= 1 + 1e-6
    assert finished["reason"] == "length"


async def test_the_whole_vocabulary(client: AsyncOpenAI) -> None:
    """logprobs -1 gives every token; together they are certain."""
    answer = await client.completions.create(model="scripted", prompt="Once", max_tokens=1, logprobs=-1)

    told = answer.choices[0].logprobs
    assert told is not None
    (top,) = told.top_logprobs or ()
    assert math.fsum(map(math.exp, top.values())) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("fields", "param", "told"),
    [
        ({"temperature": 9}, "temperature", "from 0 to 5"),
        ({"max_tokens": -1}, "max_tokens", "whole number"),
        ({"max_tokens": "many"}, "max_tokens", "whole number"),
        ({"n": 99}, "n", "from 1 to 16"),
        ({"prompt": ["one", "two"]}, "prompt", "one text"),
        ({"prompt": [1, 99_999]}, "prompt", "token ids"),
        ({"stop": [""]}, "stop", "none of them empty"),
        ({"suffix": "the end"}, "suffix", "left out"),
        ({"presence_penalty": 1}, "presence_penalty", "repetition_penalty"),
        ({"best_of": 3}, "best_of", "as large as n"),
        ({"extra_body": {"unit": "page"}}, "unit", "token, word or sentence"),
        ({"extra_body": {"colour": "blue"}}, "colour", "no field colour"),
    ],
)
async def test_bad_values(client: AsyncOpenAI, fields: dict[str, object], param: str, told: str) -> None:
    """A value that cannot be used is a 400 whose sentence names the field and what it may be."""
    with pytest.raises(openai.BadRequestError, match=told) as caught:
        await client.completions.create(**{"model": "scripted", "prompt": "Once", **fields})  # type: ignore[call-overload]

    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"


async def test_unknown_model(client: AsyncOpenAI) -> None:
    """A model that is not there is a 404 with the nearest name, or with what lists the names."""
    with pytest.raises(openai.NotFoundError, match="Did you mean scripted"):
        await client.completions.create(model="scriptd", prompt="")
    with pytest.raises(openai.NotFoundError, match="Did you mean scripted"):
        await client.models.retrieve("scriptd")
    with pytest.raises(openai.NotFoundError, match=r"There is no model quux; GET /v1/models lists what there is\."):
        await client.completions.create(model="quux", prompt="")


async def test_a_fault_before_and_in_a_text(client: AsyncOpenAI) -> None:
    """A model that fails is a 500 before the text, an error in the stream within it; neither tells what is inside."""
    with pytest.raises(openai.InternalServerError, match="log of its host"):
        await client.completions.create(model="scripted", prompt="thunder")

    stream = await client.completions.create(model="scripted", prompt="lightning", stream=True, seed=1)
    received = ""
    with pytest.raises(openai.APIError, match="log of its host"):  # noqa: PT012
        async for chunk in stream:
            received += chunk.choices[0].text

    assert len(received) == 3
