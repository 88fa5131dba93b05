"""Trainings on a host: sent, followed and cancelled there, over real HTTP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.jobs.remote import STATE, PlainHost, RemoteRunner, check_safe
from generators.errors import UserError
from generators.host import Tuning
from generators.host.certificates import server_context
from generators.local import LocalGenerator, Shelf
from generators.remote.errors import CertificateRefused
from generators.training.job_directory import JobDirectory, write_whole
from generators.training.sealed import SealedWriter, read_sealed
from tests.bot.jobs.conftest import until
from tests.fakes.certificates import Authority
from tests.fakes.hosting import hosted
from tests.fakes.models import save_tiny
from tests.fakes.training import FakeRunner
from tests.patience import PATIENCE

KEY = bytes(32)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The home of the host."""
    save_tiny(tmp_path / "elsewhere" / "models" / "tiny" / "1", name="tiny", version="1")
    return tmp_path / "elsewhere"


@pytest.fixture
def there() -> FakeRunner:
    """What trains on the host."""
    return FakeRunner()


@pytest.fixture
async def tuning(elsewhere: Path, there: FakeRunner) -> Tuning:
    tuning = Tuning(elsewhere / "hosting", elsewhere / "models", runner=there)
    await tuning.open()
    return tuning


@pytest.fixture
async def runner(elsewhere: Path, tuning: Tuning) -> AsyncIterator[RemoteRunner]:
    """The bot's side; every question how far a job is is asked."""
    ticks = iter(range(0, 1_000_000, 10))
    generator = LocalGenerator([Shelf(elsewhere / "models")])
    async with hosted(generator, keys=["key"], default="tiny", tuning=tuning) as url:
        yield RemoteRunner(url, "key", lambda: float(next(ticks)))


@pytest.fixture
def directory(tmp_path: Path) -> JobDirectory:
    """A job as the bot leaves it for what carries it out."""
    directory = JobDirectory(tmp_path / "jobs" / "abc")
    plan = {"name": "den", "base": "remote:tiny@1", "base_name": "remote:tiny@1", "options": {"epochs": "2"}}
    directory.create(plan)
    with SealedWriter(directory.corpus, KEY) as writer:
        for number in range(100):
            writer.write(f"an old cat sees {number} fish\nand an “owl”", ("story",))
    return directory


async def begin(runner: RemoteRunner, directory: JobDirectory, tuning: Tuning, there: FakeRunner) -> str:
    """A job that runs on the host; its id there."""
    await asyncio.to_thread(runner.start, directory, KEY, 1)
    job = tuning.all()[0].id
    await until(lambda: job in there.alive)
    return job


async def ended(runner: RemoteRunner, directory: JobDirectory) -> None:
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(runner.is_alive, directory):  # noqa: ASYNC110 -- another thread does it
            await asyncio.sleep(0.01)


async def test_a_training_elsewhere(
    runner: RemoteRunner, directory: JobDirectory, tuning: Tuning, there: FakeRunner
) -> None:
    """The whole text arrives, what the host tells is told here, and the model is one of the host's."""
    before = list(read_sealed(directory.corpus, KEY))
    job = await begin(runner, directory, tuning, there)
    (file,) = tuning.uploads.all()
    sent = list(read_sealed(file.path, file.key))

    there.tell({"type": "preparing"})
    there.tell({"type": "progress", "phase": "training", "step": 1, "of": 2})
    assert await asyncio.to_thread(runner.is_alive, directory)
    assert await asyncio.to_thread(runner.is_alive, directory)
    there.finish(after=3.0)
    await ended(runner, directory)

    assert [(each.text, each.labels) for each in sent] == [(each.text, each.labels) for each in before]
    assert [event["type"] for event in directory.told()[0]] == ["preparing", "progress"]
    outcome = directory.outcome() or {}
    assert outcome["name"] == f"remote:{tuning.get(job).name}"
    assert outcome["after"]["bits_per_character"] == 3.0
    assert "directory" not in outcome
    assert not directory.corpus.exists()


async def test_https(
    tmp_path: Path, elsewhere: Path, tuning: Tuning, there: FakeRunner, directory: JobDirectory
) -> None:
    """Text goes to a host whose certificate is vouched for, and to no other."""
    authority = Authority(tmp_path)
    tls = server_context(*authority.certificate("127.0.0.1"))
    generator = LocalGenerator([Shelf(elsewhere / "models")])

    async with hosted(generator, keys=["key"], default="tiny", tuning=tuning, tls=tls) as url:
        with pytest.raises(CertificateRefused):
            await asyncio.to_thread(RemoteRunner(url, "key").start, directory, KEY, 1)
        refused = tuning.all()
        job = await begin(RemoteRunner(url, "key", authority=authority.path), directory, tuning, there)

    assert refused == []
    assert tuning.get(job).status != "failed"


async def test_cancel_elsewhere(
    runner: RemoteRunner, directory: JobDirectory, tuning: Tuning, there: FakeRunner
) -> None:
    """A training that is ended here is cancelled there, and its text is gone."""
    job = await begin(runner, directory, tuning, there)

    await asyncio.to_thread(runner.stop, directory)

    assert tuning.get(job).status == "cancelled"
    assert there.alive == {}
    assert tuning.uploads.all() == []
    assert not runner.is_alive(directory)


async def test_cancel_while_the_host_is_away(
    runner: RemoteRunner, directory: JobDirectory, tuning: Tuning, there: FakeRunner
) -> None:
    """What cannot be cancelled now is known still, also to the next process, and cancelled once the host is back."""
    job = await begin(runner, directory, tuning, there)

    with pytest.raises(UserError, match="cannot be reached"):
        await asyncio.to_thread(RemoteRunner("http://127.0.0.1:9/v1", "key").stop, directory)
    before = tuning.get(job).status
    await asyncio.to_thread(runner.stop, directory)

    assert before == "running"
    assert tuning.get(job).status == "cancelled"


async def test_cancelled_too_late(
    runner: RemoteRunner, directory: JobDirectory, tuning: Tuning, there: FakeRunner, elsewhere: Path
) -> None:
    """A model that was made before its job could be cancelled is deleted there: nobody here has heard of it."""
    job = await begin(runner, directory, tuning, there)
    there.finish(after=3.0)
    await until(lambda: tuning.get(job).status == "succeeded")

    await asyncio.to_thread(runner.stop, directory)

    assert [path.name for path in (elsewhere / "models").iterdir()] == ["tiny"]


async def test_a_model_is_deleted_elsewhere(
    runner: RemoteRunner, directory: JobDirectory, tuning: Tuning, there: FakeRunner, elsewhere: Path
) -> None:
    """A model that a job made there is deleted, a second time changes nothing, and the host's own ones stay."""
    job = await begin(runner, directory, tuning, there)
    there.finish(after=3.0)
    await ended(runner, directory)

    for name in (tuning.get(job).name, tuning.get(job).name, "tiny"):
        await asyncio.to_thread(runner.delete_model, name)

    assert [path.name for path in (elsewhere / "models").iterdir()] == ["tiny"]
    with pytest.raises(UserError, match=r"remote\.key"):
        await asyncio.to_thread(RemoteRunner(runner._host.url, "another").delete_model, "tiny")
    with pytest.raises(UserError, match="refused"):
        await asyncio.to_thread(runner.delete_model, "../tiny")


@pytest.mark.parametrize(
    ("there_said", "here"),
    [("no_memory", "no_memory"), ("no_room", "host_full"), ("refused", "refused"), ("fault", "refused")],
)
async def test_a_failure_elsewhere(
    runner: RemoteRunner, directory: JobDirectory, tuning: Tuning, there: FakeRunner, there_said: str, here: str
) -> None:
    """What fails there fails here for a reason that can be told in any language; the host's words are for the log."""
    await begin(runner, directory, tuning, there)

    there.fail(there_said)
    await ended(runner, directory)

    outcome = directory.outcome() or {}
    assert (outcome["state"], outcome["reason"]) == ("failed", here)
    assert outcome["sentence"]


async def test_cancelled_by_the_host(
    runner: RemoteRunner, directory: JobDirectory, tuning: Tuning, there: FakeRunner
) -> None:
    """A job that is cancelled there ends here, and that is its reason."""
    job = await begin(runner, directory, tuning, there)

    await tuning.cancel(job)
    await ended(runner, directory)

    assert directory.outcome() == {"state": "failed", "reason": "cancelled"}


async def test_the_host_has_lost_it(
    runner: RemoteRunner, directory: JobDirectory, tuning: Tuning, there: FakeRunner
) -> None:
    """A job of which the host has lost the text ends without a result, so that it is sent once more."""
    job = await begin(runner, directory, tuning, there)
    tuning.get(job).status, tuning.get(job).code = "failed", "restarted"

    alive = await asyncio.to_thread(runner.is_alive, directory)
    await asyncio.to_thread(runner.start, directory, KEY, 1)

    assert not alive
    assert directory.corpus.exists()
    assert tuning.all()[0].id != job


@pytest.mark.parametrize("again", [True, False])
async def test_the_answer_is_lost(
    runner: RemoteRunner, directory: JobDirectory, tuning: Tuning, there: FakeRunner, again: bool
) -> None:
    """A job is found and cancelled by its name here, where the bot was killed before it heard of it, or went on."""
    first = await begin(runner, directory, tuning, there)
    write_whole(directory.path / STATE, {"told": 0})

    assert not await asyncio.to_thread(runner.is_alive, directory)
    await asyncio.to_thread(*((runner.start, directory, KEY, 1) if again else (runner.stop, directory)))

    assert tuning.get(first).status == "cancelled"
    assert [job.is_open for job in tuning.all()] == ([True, False] if again else [False])
    assert len(tuning.uploads.all()) == again


async def test_a_job_is_refused(runner: RemoteRunner, directory: JobDirectory, tuning: Tuning) -> None:
    """Where the host takes the text but not the job, the text does not wait there for another one."""
    directory.create({**directory.read_plan(), "base_name": "remote:gone@1"})

    with pytest.raises(UserError, match="no model remote:gone"):
        await asyncio.to_thread(runner.start, directory, KEY, 1)

    assert (tuning.all(), tuning.uploads.all()) == ([], [])


async def test_refused_elsewhere(elsewhere: Path, directory: JobDirectory, tuning: Tuning) -> None:
    """A host that refuses the key, or is not there, is one sentence."""
    async with hosted(LocalGenerator([Shelf(elsewhere / "models")]), keys=["key"], tuning=tuning) as url:
        with pytest.raises(UserError, match=r"remote\.key"):
            await asyncio.to_thread(RemoteRunner(url, "another").start, directory, KEY, 1)
    with pytest.raises(UserError, match="cannot be reached"):
        await asyncio.to_thread(RemoteRunner(url, "key").start, directory, KEY, 1)


@pytest.mark.parametrize(
    "url", ["http://gpu.example:8478", "http://127.0.0.1.example", "http://10.0.0.2", "ftp://127.0.0.1", "", None]
)
def test_in_the_clear(url: str | None) -> None:
    """Text is sent nowhere as it is but to this machine itself."""
    with pytest.raises(PlainHost, match=r"remote\.url"):
        check_safe(url)


@pytest.mark.parametrize("url", ["https://gpu.example/v1", "http://127.0.0.1:8478", "http://[::1]:1/v1"])
def test_sealed_or_here(url: str) -> None:
    """HTTPS, or this machine, is safe."""
    check_safe(url)


def test_nothing_is_sent_in_the_clear(directory: JobDirectory) -> None:
    """A job refuses such a host before it opens a connection."""
    with pytest.raises(PlainHost):
        RemoteRunner("http://gpu.example:8478").start(directory, os.urandom(32), 1)
