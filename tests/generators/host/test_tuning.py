"""Files to learn from and jobs, on the official client's terms."""

from __future__ import annotations

import asyncio
import errno
import json
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from unittest.mock import Mock

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from generators.host import Tuning
from generators.host import uploads as limits
from generators.local import LocalGenerator, Shelf
from generators.training.job_directory import JobDirectory
from tests.fakes.hosting import hosted
from tests.fakes.models import save_tiny
from tests.fakes.training import FakeRunner
from tests.patience import PATIENCE

SECRET = "the fox keeps its silver under the third stone"
LINES = b"".join(json.dumps({"text": f"{SECRET} {number}"}).encode() + b"\n" for number in range(100))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    save_tiny(tmp_path / "models" / "tiny" / "1", name="tiny", version="1")
    return tmp_path


@pytest.fixture
def runner() -> FakeRunner:
    return FakeRunner()


@pytest.fixture
async def tuning(home: Path, runner: FakeRunner) -> Tuning:
    tuning = Tuning(home / "hosting", home / "models", runner=runner)
    assert await tuning.open()
    return tuning


@pytest.fixture
async def client(home: Path, tuning: Tuning) -> AsyncIterator[AsyncOpenAI]:
    generator = LocalGenerator([Shelf(home / "models")])
    async with (
        hosted(generator, keys=["key"], default="tiny", tuning=tuning) as url,
        AsyncOpenAI(base_url=url, api_key="key", max_retries=0) as client,
    ):
        yield client


async def uploaded(client: AsyncOpenAI, data: bytes = LINES) -> str:
    return (await client.files.create(file=("said.jsonl", data), purpose="fine-tune")).id


async def begun(client: AsyncOpenAI, runner: FakeRunner) -> str:
    """A job that runs."""
    job = await client.fine_tuning.jobs.create(model="tiny", training_file=await uploaded(client), suffix="Den")
    await until(lambda: job.id in runner.alive)
    return job.id


async def over(client: AsyncOpenAI, job_id: str) -> openai.types.fine_tuning.FineTuningJob:
    async with asyncio.timeout(PATIENCE):
        while (job := await client.fine_tuning.jobs.retrieve(job_id)).status in ("queued", "running"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return job


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 -- a thread does it
            await asyncio.sleep(0.01)


def sealed(home: Path) -> list[Path]:
    """Everything on disk that may hold text, none of which may be read."""
    files = [path for path in (home / "hosting").rglob("*") if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    return [path for path in files if ".sealed" in path.name]


async def test_files(client: AsyncOpenAI, home: Path) -> None:
    """A file is uploaded, listed, looked up and deleted; on the disk nobody can read it."""
    file = await client.files.create(file=("said.jsonl", LINES), purpose="fine-tune")
    kept = sealed(home)

    listed = [each async for each in client.files.list()]
    found = await client.files.retrieve(file.id)
    deleted = await client.files.delete(file.id)

    assert listed == [file]
    assert found == file
    assert (file.bytes, file.filename, file.status, file.purpose) == (
        len(LINES),
        "said.jsonl",
        "processed",
        "fine-tune",
    )
    assert len(kept) == 1
    assert (deleted.id, deleted.deleted) == (file.id, True)
    assert sealed(home) == []
    with pytest.raises(openai.NotFoundError, match="no file"):
        await client.files.retrieve(file.id)
    with pytest.raises(openai.NotFoundError, match="no file"):
        await client.files.delete(file.id)


async def test_files_are_given_back_to_nobody(client: AsyncOpenAI) -> None:
    """What was uploaded cannot be downloaded."""
    file = await uploaded(client)

    with pytest.raises(openai.BadRequestError, match="given back to nobody"):
        await client.files.content(file)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"hello", "Line 1 is no JSON"),
        (b'{"text": "a"}\n{"text": 1}', "Line 2 has to be"),
        (b'{"messages": []}', "do not chat"),
        (b'{"text": "a", "labels": "b"}', "labels"),
        (b'{"text": "\\ud800"}', "half a character"),
        (b"[" * 100_000, "Line 1 is no JSON"),
    ],
)
async def test_bad_files(client: AsyncOpenAI, home: Path, data: bytes, told: str) -> None:
    """A file that cannot be learnt from is a 400 that names the line, and nothing of it is kept."""
    with pytest.raises(openai.BadRequestError, match=told) as caught:
        await uploaded(client, data)

    assert caught.value.param == "file"
    assert sealed(home) == []


async def test_disk_that_takes_nothing(client: AsyncOpenAI, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that the disk does not take is a 507 with the system's reason, which the log has too."""
    shutil.rmtree(home / "hosting" / "uploads")

    with pytest.raises(openai.APIStatusError, match="cannot keep this file: No such file or directory") as caught:
        await uploaded(client)

    assert (caught.value.status_code, caught.value.param) == (507, "file")
    assert "a file cannot be kept in" in caplog.text


async def test_disk_that_takes_no_job(
    client: AsyncOpenAI, home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """So is a job; the file that it was to learn from stays."""
    file = await uploaded(client)
    kept = sealed(home)
    monkeypatch.setattr(JobDirectory, "create", Mock(side_effect=OSError(errno.ENOSPC, "No space left on device")))

    with pytest.raises(openai.APIStatusError, match="cannot keep this job: No space left on device") as caught:
        await client.fine_tuning.jobs.create(model="tiny", training_file=file)

    assert caught.value.status_code == 507
    assert "a job cannot be kept in" in caplog.text
    assert sealed(home) == kept


async def test_other_purposes(client: AsyncOpenAI, home: Path) -> None:
    """A file for something else is refused."""
    with pytest.raises(openai.BadRequestError, match="fine-tune") as caught:
        await client.files.create(file=LINES, purpose="batch")

    assert caught.value.param == "purpose"
    assert sealed(home) == []


async def test_no_form(client: AsyncOpenAI) -> None:
    """A body that is no form, or whose end is missing, is a 400."""
    headers = {"Authorization": "Bearer key"}
    async with httpx.AsyncClient(
        base_url=client.base_url.__str__(), headers=headers, trust_env=False, timeout=PATIENCE
    ) as plain:
        as_json = await plain.post("files", json={})
        kind = {"Content-Type": "multipart/form-data; boundary=xyz"}
        torn = await plain.post(
            "files", content=b'--xyz\r\nContent-Disposition: form-data; name="file"\r\n\r\n{"text": "a"}', headers=kind
        )

    assert (as_json.status_code, torn.status_code) == (400, 400)
    assert "its end is missing" in torn.json()["error"]["message"]


async def test_too_large(client: AsyncOpenAI, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond the limit is a 413 in the API's form, also while much of it is still to come."""
    monkeypatch.setattr(limits, "MOST", 1_000_000)

    with pytest.raises(openai.APIStatusError, match="larger than") as caught:
        await uploaded(client, LINES * 1_000)

    assert caught.value.status_code == 413
    assert sealed(home) == []


async def test_a_file_in_small_chunks(client: AsyncOpenAI) -> None:
    """However a form is cut on its way, the file arrives whole, whatever looks like a delimiter in it."""
    line = b'{"text": "--xyz and\\r\\n--xy"}\n'
    body = (
        b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n' + line * 3 + b"\r\n"
        b'--xyz\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfine-tune\r\n--xyz--\r\n'
    )

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 3):
            yield body[at : at + 3]

    headers = {"Authorization": "Bearer key", "Content-Type": "multipart/form-data; boundary=xyz"}
    async with httpx.AsyncClient(
        base_url=client.base_url.__str__(), headers=headers, trust_env=False, timeout=PATIENCE
    ) as plain:
        answer = await plain.post("files", content=pieces())

    assert answer.status_code == 200
    assert answer.json()["bytes"] == 3 * len(line)


async def test_a_job(client: AsyncOpenAI, home: Path, runner: FakeRunner) -> None:
    """A job makes a model that the host lists and writes with; its text is gone then, and the file it came from too."""
    job_id = await begun(client, runner)
    assert len(sealed(home)) == 2

    runner.finish(after=3.0)
    job = await over(client, job_id)

    assert job.status == "succeeded"
    assert job.fine_tuned_model is not None
    assert job.fine_tuned_model.startswith("ft-den-")
    assert job.fine_tuned_model in [model.id async for model in client.models.list()]
    answer = await client.completions.create(model=job.fine_tuned_model, prompt="a", max_tokens=3)
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 3
    await until(lambda: sealed(home) == [])
    assert [file async for file in client.files.list()] == []
    assert [each.id async for each in client.fine_tuning.jobs.list()] == [job_id]


async def test_a_model_is_deleted(client: AsyncOpenAI, runner: FakeRunner) -> None:
    """What was fine-tuned can be deleted; the host's other models cannot."""
    job_id = await begun(client, runner)
    runner.finish(after=3.0)
    name = (await over(client, job_id)).fine_tuned_model or ""

    deleted = await client.models.delete(name)

    assert deleted.deleted
    assert [model.id async for model in client.models.list()] == ["tiny"]
    for other in (name, "tiny"):
        with pytest.raises(openai.NotFoundError, match="was fine-tuned here"):
            await client.models.delete(other)


async def test_events(client: AsyncOpenAI, runner: FakeRunner) -> None:
    """What a job tells is listed, the newest first, page by page."""
    job_id = await begun(client, runner)
    runner.tell({"type": "preparing"})
    for step in range(1, 4):
        runner.tell({"type": "progress", "phase": "training", "step": step, "of": 3})

    runner.tell({"type": "progress", "phase": "checked", "step": 3, "of": 3, "bits_per_character": 1.5})

    first = await client.fine_tuning.jobs.list_events(job_id, limit=3)
    every = [event async for event in first]

    assert first.has_more
    assert every[0].message == "checked: step 3 of 3, 1.500 bits per character held out."
    assert [event.message for event in every][-2:] == ["training: step 1 of 3.", "The text is being read."]
    assert [event.data["step"] for event in every[1:4]] == [3, 2, 1]  # type: ignore[index]


async def test_one_at_a_time(client: AsyncOpenAI, runner: FakeRunner) -> None:
    """A second job waits until the first is over."""
    first = await begun(client, runner)
    second = await client.fine_tuning.jobs.create(model="tiny", training_file=await uploaded(client))
    waiting = await client.fine_tuning.jobs.retrieve(second.id)

    runner.fail("no_memory")
    failed = await over(client, first)
    await until(lambda: second.id in runner.alive)

    assert waiting.status == "queued"
    assert failed.status == "failed"
    assert failed.error is not None
    assert (failed.error.code, failed.error.message.split(" ")[0:2]) == ("no_memory", ["The", "host"])


@pytest.mark.parametrize("runs", [True, False])
async def test_cancel(client: AsyncOpenAI, home: Path, runner: FakeRunner, runs: bool) -> None:
    """A job that runs or waits is cancelled, with its text; a second time it is over."""
    job_id = await begun(client, runner)
    if not runs:
        job_id = (await client.fine_tuning.jobs.create(model="tiny", training_file=await uploaded(client))).id

    cancelled = await client.fine_tuning.jobs.cancel(job_id)

    assert cancelled.status == "cancelled"
    assert job_id not in runner.alive
    assert not [path for path in sealed(home) if job_id in str(path)]
    with pytest.raises(openai.BadRequestError, match="over already"):
        await client.fine_tuning.jobs.cancel(job_id)


async def test_killed_twice(client: AsyncOpenAI, home: Path, runner: FakeRunner) -> None:
    """A job whose process is killed goes on once, and fails where it gets no further."""
    job_id = await begun(client, runner)

    runner.kill()
    await until(lambda: runner.started[job_id] == 2)
    runner.kill()
    job = await over(client, job_id)

    assert job.error is not None
    assert job.error.code == "killed"
    assert sealed(home) == []


@pytest.mark.parametrize(
    ("fields", "param", "told"),
    [
        ({"training_file": "file-none"}, "training_file", "upload it again"),
        ({"hyperparameters": {"n_epochs": 0}}, "hyperparameters", "n_epochs"),
        ({"hyperparameters": {"batch_size": 3}}, "hyperparameters", "recipe"),
        ({"validation_file": "file-a"}, "validation_file", "left out"),
        ({"suffix": "x" * 99}, "suffix", "40 characters"),
        ({"method": {"type": "dpo"}}, "method", "supervised"),
        ({"extra_body": {"colour": "blue"}}, "colour", "no field colour"),
    ],
)
async def test_bad_jobs(client: AsyncOpenAI, fields: dict[str, object], param: str, told: str) -> None:
    """A job that cannot be is a 400 whose sentence names the field and what it may be."""
    file = await uploaded(client)

    with pytest.raises(openai.BadRequestError, match=told) as caught:
        await client.fine_tuning.jobs.create(**{"model": "tiny", "training_file": file, **fields})  # type: ignore[call-overload]

    assert caught.value.param == param


async def test_unknown(client: AsyncOpenAI) -> None:
    """A base or a job that is not there is a 404, also one outside the models."""
    file = await uploaded(client)

    for name in ("tinny", "../models/tiny", "tiny@../1"):
        with pytest.raises(openai.NotFoundError):
            await client.fine_tuning.jobs.create(model=name, training_file=file)
    for ask in (client.fine_tuning.jobs.retrieve, client.fine_tuning.jobs.cancel):
        with pytest.raises(openai.NotFoundError, match="no fine-tuning job"):
            await ask("ftjob-none")


async def test_started_again(client: AsyncOpenAI, tuning: Tuning, home: Path, runner: FakeRunner) -> None:
    """A host that is started again goes on with the job that runs, and deletes the text of the one that waits."""
    running = await begun(client, runner)
    waiting = (await client.fine_tuning.jobs.create(model="tiny", training_file=await uploaded(client))).id
    await tuning.close()

    again = Tuning(home / "hosting", home / "models", runner=runner)
    await again.open()
    runner.finish(after=3.0)
    await until(lambda: not again.get(running).is_open)

    assert again.get(running).status == "succeeded"
    assert (again.get(waiting).status, again.get(waiting).code) == ("failed", "restarted")
    await until(lambda: sealed(home) == [])
    await again.close()


async def test_killed_with_its_job(client: AsyncOpenAI, tuning: Tuning, home: Path, runner: FakeRunner) -> None:
    """Of a job that was killed together with its host the text is deleted at the next start."""
    job_id = await begun(client, runner)
    await tuning.close()
    runner.kill()

    again = Tuning(home / "hosting", home / "models", runner=runner)
    await again.open()

    assert again.get(job_id).code == "restarted"
    assert sealed(home) == []
    await again.close()


async def test_two_hosts(tuning: Tuning, home: Path) -> None:
    """A second host with the same home leaves the first one's files alone."""
    second = Tuning(home / "hosting", home / "models")

    taken = await second.open()

    assert not taken
    await second.close()
    await tuning.close()
