"""The host's API on a cluster: what is written, refused, given up, and written on when a replica is killed."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import httpx
import openai
import psutil
import pytest
from openai import AsyncOpenAI
from prometheus_client.parser import text_string_to_metric_families

from generators.completion import CompletionRequest, Event, Piece, Started
from generators.errors import Busy, ModelFailed, UnknownModel
from generators.remote.generator import RemoteGenerator
from tests.fakes.clustering import KEY, PATIENCE, REPLICAS, Deployed

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("cluster")]

LONG = 20_000  # tokens; it takes longer than to kill what writes them


def request_of(model: str = "remote:charrnn", **fields: Any) -> CompletionRequest:
    return CompletionRequest(**{"model": model, "prompt": "Once upon", "max_tokens": 60, "seed": 7, **fields})


async def events_of(remote: RemoteGenerator, request: CompletionRequest) -> list[Event]:
    async with remote.complete(request) as events:
        return [event async for event in events]


def by_choice(events: list[Event]) -> dict[int, list[Event]]:
    """The pieces and ends of each choice, in their order, without probabilities: a batch's size rounds these."""
    found: dict[int, list[Event]] = {}
    for event in events:
        if not isinstance(event, Started):
            told = event._replace(logprob=0.0) if isinstance(event, Piece) else event
            found.setdefault(event.choice, []).append(told)
    return found


async def counted(deployed: Deployed, model: str) -> dict[str, float]:
    """The metrics of a model, by their names and what else tells them apart."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        answer = await client.get(f"{deployed.url}/metrics", headers={"Authorization": f"Bearer {KEY}"})
    told = answer.raise_for_status().text
    return {
        ",".join((sample.name, *(value for label, value in sample.labels.items() if label != "model"))): sample.value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
        if sample.labels.get("model") == model
    }


def replicas() -> dict[int, float]:
    """The processor time of each replica that writes, by its process."""
    found = {}
    for process in psutil.process_iter(["name", "cmdline"]):
        if "ServeReplica:planchette:models" in " ".join(process.info["cmdline"] or ()):
            times = process.cpu_times()
            found[process.pid] = times.user + times.system
    return found


async def test_a_text(client: AsyncOpenAI) -> None:
    """The official client is answered as by a host: models, a whole text, and the same one as a stream."""
    models = [model.id async for model in client.models.list()]
    whole = await client.completions.create(model="charrnn", prompt="Once", max_tokens=60, seed=7)
    stream = await client.completions.create(model="charrnn", prompt="Once", max_tokens=60, seed=7, stream=True)
    chunks = [chunk async for chunk in stream]

    assert models[0] == "charrnn"
    assert {"tiny", "scripted"} <= set(models)
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 60
    assert len(chunks) < 60


async def test_refusals(deployed: Deployed, client: AsyncOpenAI, remote: RemoteGenerator) -> None:
    """What cannot be done is refused as a host refuses it, with the errors' own facts."""
    stranger = AsyncOpenAI(base_url=f"{deployed.url}/v1", api_key="guessed", max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        await stranger.models.list()
    with pytest.raises(openai.NotFoundError, match=r"Did you mean tiny\?"):
        await client.completions.create(model="tinny", prompt="Once")
    with pytest.raises(openai.BadRequestError, match="temperature cannot be 9"):
        await client.completions.create(model="tiny", prompt="Once", temperature=9)
    with pytest.raises(UnknownModel) as unknown:
        await events_of(remote, request_of("remote:tinny"))
    with pytest.raises(Busy):
        await events_of(remote, request_of("remote:scripted", prompt="thunder"))
    with pytest.raises(ModelFailed):
        await events_of(remote, request_of("remote:scripted", prompt="lightning"))
    await stranger.close()

    assert unknown.value.nearest == "remote:tiny"


async def test_leaving(deployed: Deployed, remote: RemoteGenerator) -> None:
    """A client that leaves ends its text in the replica."""
    async with remote.complete(request_of("remote:tiny", max_tokens=LONG, min_tokens=LONG)) as events:
        async for event in events:
            if isinstance(event, Piece):
                break
        begun = await counted(deployed, "tiny")
    async with asyncio.timeout(PATIENCE):
        while (left := await counted(deployed, "tiny"))["planchette_live_texts"]:  # noqa: ASYNC110
            await asyncio.sleep(0.1)

    assert begun["planchette_live_texts"] == 1
    assert left["planchette_tokens_total"] < LONG


async def test_warm_state(deployed: Deployed, remote: RemoteGenerator) -> None:
    """A story's next request finds the replica that has read the story: of its prompt only the end is read."""
    story = "The fox and the owl sat in the old tree. " * 5
    for user in range(4):
        await events_of(remote, request_of(prompt=story, user=f"place {user}"))
    before = await counted(deployed, "charrnn")
    for user in range(4):
        await events_of(remote, request_of(prompt=f"{story}And", user=f"place {user}"))

    after = await counted(deployed, "charrnn")
    found = after["planchette_prompt_tokens_total,yes"] - before["planchette_prompt_tokens_total,yes"]
    assert found >= 4 * len(story)


async def test_a_replica_is_killed(remote: RemoteGenerator) -> None:
    """A text whose replica is killed goes on in another one, and is what it would have been; a replica follows."""
    request = request_of(n=2, max_tokens=LONG // 4, min_tokens=LONG // 4, user="place 7")
    whole = await events_of(remote, request)
    before = replicas()
    got: list[Event] = []
    killed = 0
    async with remote.complete(request) as events:
        async for event in events:
            got.append(event)
            if not killed and len(got) > 500:
                spent = replicas()
                killed = max(before, key=lambda pid: spent[pid] - before[pid])
                os.kill(killed, signal.SIGKILL)
    async with asyncio.timeout(PATIENCE):
        while len(replicas()) < REPLICAS or killed in replicas():  # noqa: ASYNC110 -- other processes do it
            await asyncio.sleep(0.2)

    assert len(before) == REPLICAS
    assert by_choice(got) == by_choice(whole)
    assert len(got) == len(whole) == 1 + 2 * (LONG // 4 + 1)
