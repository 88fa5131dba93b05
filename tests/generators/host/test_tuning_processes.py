"""A fine-tuning job that trains, in a process of its own; and a host that is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from generators.training.job_directory import read_object
from tests.fakes.models import save_tiny

pytestmark = pytest.mark.timeout(600)

PATIENCE = 280.0  # seconds; importing torch on a busy machine takes many
SECRET = "an old cat hides the silver under the third stone"
LINES = b"".join(
    json.dumps({"text": f"{SECRET} {number} and the dog likes it"}).encode() + b"\n" for number in range(99)
)
PROGRAM = """
import asyncio, sys
from pathlib import Path
from bot.platforms.web.listening import listen
from generators.host import Tuning, serve_host
from generators.local import LocalGenerator, Shelf

async def main(home):
    listener = listen("127.0.0.1", 0)
    tuning = Tuning(home / "hosting", home / "models")
    assert await tuning.open()
    said = lambda: print(listener.getsockname()[1], flush=True)
    generator = LocalGenerator([Shelf(home / "models")])
    await serve_host(generator, listener, default="tiny", tuning=tuning, started=said)

asyncio.run(main(Path(sys.argv[1])))
"""


async def host(home: Path) -> tuple[asyncio.subprocess.Process, AsyncOpenAI]:
    """A host in a process of its own, and a client of it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(home), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    return process, AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)


def holds_text(home: Path) -> bool:
    """Whether any file can be read that holds the text."""
    return any(SECRET.encode() in path.read_bytes() for path in home.rglob("*") if path.is_file())


async def test_the_host_is_killed(tmp_path: Path) -> None:
    """A job outlives its host that is killed; the next one lists its model, and no text of it or of files is left."""
    save_tiny(tmp_path / "models" / "tiny" / "1", name="tiny", version="1")
    first, client = await host(tmp_path)
    file = await client.files.create(file=("said.jsonl", LINES), purpose="fine-tune")
    await client.files.create(file=("more.jsonl", LINES), purpose="fine-tune")
    job = await client.fine_tuning.jobs.create(model="tiny", training_file=file.id, hyperparameters={"n_epochs": 2})
    process = tmp_path / "hosting" / "jobs" / job.id / "pid"
    async with asyncio.timeout(PATIENCE):
        while not read_object(process):  # noqa: ASYNC110 -- another process does it
            await asyncio.sleep(0.05)
    assert not holds_text(tmp_path)

    first.send_signal(signal.SIGKILL)
    await first.wait()
    await client.close()
    second, client = await host(tmp_path)
    kept = [each async for each in client.files.list()]
    async with asyncio.timeout(PATIENCE):
        while (job := await client.fine_tuning.jobs.retrieve(job.id)).status == "running":  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    models = [model.id async for model in client.models.list()]
    events = [event async for event in client.fine_tuning.jobs.list_events(job.id)]
    await client.close()
    os.kill(second.pid, signal.SIGKILL)
    await second.wait()

    assert kept == []
    assert (job.status, job.error) == ("succeeded", None)
    assert job.fine_tuned_model in models
    assert events[0].message == "The model is trained."
    assert list((tmp_path / "hosting").rglob("*.sealed*")) == []
    assert not holds_text(tmp_path / "hosting")
