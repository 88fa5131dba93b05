"""Who is let in, what is too much, and what becomes of texts whose readers go."""

from __future__ import annotations

import asyncio
import json
import re
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from bot.platforms.web.listening import listen
from generators.completion import ModelInfo
from generators.host import completions, serve_host
from generators.local import LocalGenerator, Shelf
from generators.scripted import Pace, Script, ScriptedGenerator
from tests.fakes.hosting import hosted
from tests.fakes.models import save_tiny
from tests.generators.host.conftest import KEY, SCRIPT
from tests.patience import PATIENCE

ASKED = {"model": "scripted", "prompt": "Once", "max_tokens": 5}


def bearer(key: str) -> dict[str, bytes]:
    return {"Authorization": f"Bearer {key}".encode()}


async def asked(url: str, body: object = ASKED, **options: Any) -> httpx.Response:
    headers = options.pop("headers", bearer(KEY))
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        return await client.post(f"{url}/completions", json=body, headers=headers, **options)


async def until(status: int, ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Asks until the answer has this status."""
    async with asyncio.timeout(PATIENCE):
        while (answer := await ask()).status_code != status:  # noqa: ASYNC110  # another thread's doing
            await asyncio.sleep(0.01)
    return answer


@pytest.mark.parametrize("headers", [{}, bearer("a key"), {"Authorization": "Basic another"}])
async def test_without_a_key(url: str, headers: dict[str, Any]) -> None:
    """Without one of its keys the host tells nothing but its health."""
    async with httpx.AsyncClient(trust_env=False, headers=headers, timeout=PATIENCE) as client:
        models = await client.get(f"{url}/models")
        health = await client.get(url.replace("/v1", "/health"))

    answer = await asked(url, headers=headers)
    for refused in (models, answer):
        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "invalid_api_key"
        assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert health.status_code in (200, 503)


async def test_metrics(url: str) -> None:
    """Whoever has a key can read what the host's engines have counted, in Prometheus' format."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        refused = await client.get(url.replace("/v1", "/metrics"))
        told = await client.get(url.replace("/v1", "/metrics"), headers=bearer(KEY))

    assert refused.status_code == 401
    assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE planchette_tokens_total counter" in told.text


async def test_every_key_opens(url: str) -> None:
    """Any of the keys opens, also one that is not ASCII."""
    assert (await asked(url)).status_code == 200
    assert (await asked(url, headers=bearer("another"))).status_code == 200


async def test_pages_of_strangers() -> None:
    """A host without a key answers neither another name nor a page in a browser, and no body but JSON."""
    async with hosted(ScriptedGenerator(SCRIPT)) as url:
        named = await asked(url, headers={"Host": "rebound.example"})
        page = await asked(url, headers={"Origin": "https://page.example"})
        form = await asked(url, headers={"Content-Type": "text/plain"})
        plain = await asked(url, headers={})

    assert [named.status_code, page.status_code, form.status_code, plain.status_code] == [400, 400, 400, 200]


async def test_health() -> None:
    """The host is not healthy before its model can write."""
    pace = Pace()
    async with (
        hosted(ScriptedGenerator(SCRIPT, pace=pace)) as url,
        httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client,
    ):
        health = partial(client.get, url.replace("/v1", "/health"))
        before = await health()

        pace.free()
        after = await until(200, health)

    assert (before.status_code, before.json()) == (503, {"status": "starting"})
    assert after.json() == {"status": "ready"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[1]",
        b'"text"',
        b'{"prompt":"half \\ud800","model":"scripted"}',
        b'{"prompt":"\xff","model":"scripted"}',
        b'{"prompt":"Once","model":"scripted","temperature":NaN}',
        b'{"prompt":"Once","model":"scripted","temperature":1e999}',
        b'{"prompt":"Once","model":"scripted","top_p":NaN}',
        b'{"prompt":"Once","model":"scripted","repetition_penalty":1e999}',
        b'{"prompt":"Once","model":"scripted","deadline":NaN}',
        b'{"prompt":' + b"[" * 100_000,
    ],
)
async def test_no_request(url: str, body: bytes) -> None:
    """What is no JSON object is refused with a sentence."""
    async with httpx.AsyncClient(trust_env=False, headers=bearer(KEY), timeout=PATIENCE) as client:
        answer = await client.post(f"{url}/completions", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith(".")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": [1.5] * 300_000}, "prompt"),
        ({"prompt": [[1.5]] * 300_000}, "prompt"),
        ({"prompt": "x" * 100_001}, "prompt"),
        ({"prompt": [5] * 100_001}, "prompt"),
        ({"temperature": ["hot"] * 300_000}, "temperature"),
        ({"stop": ["a"] * 300_000}, "stop"),
        ({"model": "x" * 300_000}, "model"),
        ({"x" * 300_000: 1}, "x" * 80),
    ],
)
async def test_many_mistakes(url: str, fields: dict[str, Any], param: str) -> None:
    """However much is wrong, it is one short sentence, told at once and without much memory."""
    tracemalloc.start()

    answer = await asked(url, {**ASKED, **fields})

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, param)
    assert len(error["message"]) < 300
    assert peak < 100_000_000


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"temperature": []}, "temperature cannot be []; it has to be a number from 0 to 5."),
        ({"top_k": 10**20}, f"top_k cannot be {10**20}; it has to be a whole number from 0 to 1,000,000."),
    ],
)
async def test_out_of_range(url: str, fields: dict[str, Any], message: str) -> None:
    """The sentence shows what came and says what may."""
    answer = await asked(url, {**ASKED, **fields})

    assert (answer.status_code, answer.json()["error"]["message"]) == (400, message)


async def test_too_much(url: str) -> None:
    """A body of more than four megabytes is refused."""
    answer = await asked(url, {**ASKED, "prompt": "x" * 5_000_000})

    assert answer.status_code == 413
    assert "4 MB" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nonsense", 404),
        ("POST", "/v1/completions/", 404),
        ("POST", "/v1/chat/completions", 404),
        ("GET", "/v1/completions", 405),
        ("DELETE", "/v1/models/scripted", 405),
        ("PUT", "/v1/models", 405),
    ],
)
async def test_elsewhere(url: str, method: str, path: str, status: int) -> None:
    """What is not there, and what is there for others, is an error in the same form, and leads nowhere else."""
    async with httpx.AsyncClient(trust_env=False, headers=bearer(KEY), timeout=PATIENCE) as client:
        answer = await client.request(method, url.removesuffix("/v1") + path)

    assert answer.status_code == status
    assert f"{method} {path}" in answer.json()["error"]["message"]
    assert ("Allow" in answer.headers) == (status == 405)


async def test_a_fault_of_the_hosts(caplog: pytest.LogCaptureFixture) -> None:
    """What goes wrong outside of a text is a 500 in the same form; only the log says what it was."""

    class Broken(ScriptedGenerator):
        async def models(self) -> Sequence[ModelInfo]:
            raise ZeroDivisionError("inside")

    async with (
        hosted(Broken(SCRIPT), keys=["key"], default="none") as url,
        AsyncOpenAI(base_url=url, api_key="key", max_retries=0) as client,
    ):
        with pytest.raises(openai.InternalServerError, match="its log says why") as caught:
            await client.models.list()

    assert "inside" not in str(caught.value)
    assert "inside" in caplog.text


async def test_too_large_for_one_object(client: AsyncOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer with too many alternatives for one object is refused; as a stream it comes."""
    monkeypatch.setattr(completions, "LARGEST", 100)
    asked = {"model": "scripted", "prompt": "Once", "max_tokens": 30, "logprobs": 4, "extra_body": {"min_tokens": 30}}

    with pytest.raises(openai.BadRequestError, match="as a stream"):
        await client.completions.create(**asked)  # type: ignore[call-overload]
    stream = await client.completions.create(**asked, stream=True)  # type: ignore[call-overload]

    assert len([chunk async for chunk in stream]) > 0


@pytest.mark.parametrize("stream", [True, False])
async def test_a_reader_who_goes(stream: bool) -> None:
    """A text whose reader has gone makes room within a step, whether it was streamed or not."""
    pace = Pace()
    generator = ScriptedGenerator(SCRIPT, pace=pace, max_batch=1, queue_limit=0)
    async with hosted(generator, keys=[KEY], default="none") as url:
        stepping = asyncio.create_task(step(pace))
        body = {**ASKED, "max_tokens": 20_000, "min_tokens": 20_000, "stream": stream}
        reading = asyncio.create_task(until(200, partial(asked, url, body, timeout=60)))
        refused = await until(429, partial(asked, url))

        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await until(200, partial(asked, url))

        stepping.cancel()
    assert refused.json()["error"]["code"] == "busy"
    assert refused.headers["Retry-After"] == "1"


async def step(pace: Pace) -> None:
    """Lets the model go on, far too slowly for a long text's end."""
    while True:
        pace.allow(1)
        await asyncio.sleep(0.005)  # a hundred seconds for 20,000 tokens


async def test_many_tokens_in_a_message() -> None:
    """What the model has written while nobody was looking goes out in one message."""
    async with hosted(ScriptedGenerator(Script(smoothing=1.0))) as url:
        answer = await asked(url, {**ASKED, "max_tokens": 5_000, "min_tokens": 5_000, "stream": True}, timeout=60)

    messages = [line for line in answer.text.split("\n\n") if line.startswith("data: {")]
    text = "".join(json.loads(line[6:])["choices"][0]["text"] for line in messages)
    assert len(text) >= 4_900  # bytes that are no characters are shown as one
    assert len(messages) < 2_500


async def test_the_second_vote_of_a_story(tmp_path: Path) -> None:
    """A story that goes on is found where it was: of the second request only what is new is read."""
    save_tiny(tmp_path / "prefixes" / "1", name="prefixes", version="1")
    async with hosted(LocalGenerator([Shelf(tmp_path)])) as url, AsyncOpenAI(base_url=url, api_key="none") as client:

        async def vote(prompt: list[int] | str) -> tuple[list[int], list[int]]:
            """The prompt's token ids, and those of one more word."""
            answer = await client.completions.create(
                model="prefixes",
                prompt=prompt,
                max_tokens=1,
                temperature=0,
                extra_body={"unit": "word", "events": True},
            )
            started, piece, _ = (answer.model_extra or {})["events"]
            return started["prompt"], piece["token_ids"]

        await until(200, partial(asked, url, {**ASKED, "model": "prefixes"}))
        story, word = await vote("a long story " * 20)
        before = await counted(url)
        await vote([*story, *word])
        after = await counted(url)

    assert after["yes"] - before["yes"] >= len(story)
    assert after["no"] - before["no"] <= len(word) + 1


async def counted(url: str) -> dict[str, float]:
    """Tokens of prompts so far that were found in the cache, and that were not."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        metrics = (await client.get(url.replace("/v1", "/metrics"))).text
    lines = re.findall(r'planchette_prompt_tokens_total\{found="(\w+)",model="prefixes"\} (\S+)', metrics)
    return {found: float(number) for found, number in lines}


async def test_closing() -> None:
    """A host that closes says so to who is in the middle of a text."""
    pace = Pace()
    listener = listen("127.0.0.1", 0)
    stop = asyncio.Event()
    serving = asyncio.create_task(serve_host(ScriptedGenerator(SCRIPT, pace=pace), listener, stop=stop))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    received = ""
    pace.allow(8)

    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        stream = await client.completions.create(
            model="scripted", prompt="Once", stream=True, extra_body={"min_tokens": 500, "max_tokens": 500}
        )
        with pytest.raises(openai.APIError, match="closing"):  # noqa: PT012
            async for chunk in stream:
                received += chunk.choices[0].text
                stop.set()

    await serving
    assert received
