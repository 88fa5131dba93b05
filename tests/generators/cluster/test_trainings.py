"""A fine-tuning job on a cluster: a task of Ray, that is killed, and begun again where it was."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import Any

import pytest
from openai import AsyncOpenAI

from generators.training.job_directory import JobDirectory, read_object
from tests.fakes.clustering import PATIENCE, Deployed

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("cluster")]

pytest.importorskip("torch")

SECRET = "an old cat hides the silver under the third stone"
LINES = b"".join(
    json.dumps({"text": f"{SECRET} {number} and the dog likes it"}).encode() + b"\n" for number in range(200)
)


async def training(client: AsyncOpenAI, epochs: int) -> str:
    """The id of a new job on the tiny model."""
    file = await client.files.create(file=("said.jsonl", LINES), purpose="fine-tune")
    job = await client.fine_tuning.jobs.create(
        model="tiny", training_file=file.id, hyperparameters={"n_epochs": epochs}
    )
    return job.id


def kept(deployed: Deployed, job: str) -> JobDirectory:
    return JobDirectory(deployed.home / "hosting" / "jobs" / job)


async def told(directory: JobDirectory, phase: str) -> list[dict[str, Any]]:
    """What has been told of a phase, once something has."""
    async with asyncio.timeout(PATIENCE):
        while not (events := [event for event in directory.told()[0] if event.get("phase") == phase]):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return events


async def test_a_job_is_killed(deployed: Deployed, client: AsyncOpenAI) -> None:
    """A job whose process is killed is begun again, goes on from its checkpoint, and its model writes."""
    job = await training(client, epochs=4)
    directory = kept(deployed, job)
    await told(directory, "checked")
    killed = read_object(directory.process)["pid"]
    os.kill(killed, signal.SIGKILL)

    async with asyncio.timeout(PATIENCE):
        while (record := await client.fine_tuning.jobs.retrieve(job)).status == "running":  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    events, _ = directory.told()
    begun = [number for number, event in enumerate(events) if event["type"] == "preparing"]
    steps = [event["step"] for event in events[begun[-1] :] if event.get("phase") == "training"]
    assert (record.status, record.error) == ("succeeded", None)
    assert len(begun) == 2
    assert min(steps) > 1
    assert record.fine_tuned_model is not None
    text = await client.completions.create(model=record.fine_tuned_model, prompt=SECRET[:9], max_tokens=5)
    assert text.choices[0].text
    assert not any(SECRET.encode() in path.read_bytes() for path in deployed.home.rglob("*") if path.is_file())


async def test_a_job_is_cancelled(deployed: Deployed, client: AsyncOpenAI) -> None:
    """A job that is cancelled ends, and nothing of its text is left."""
    job = await training(client, epochs=500)
    directory = kept(deployed, job)
    await told(directory, "training")

    record = await client.fine_tuning.jobs.cancel(job)
    listed = json.loads(deployed.program("status", "--json").stdout)

    assert record.status == "cancelled"
    assert listed["trainings"] == 0
    assert list(directory.path.rglob("*.sealed*")) == []
