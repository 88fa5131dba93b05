"""A job's directory, and its text in two."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from generators.training.checkpoints import PICKLES
from generators.training.errors import NothingToLearn
from generators.training.job_directory import JobDirectory, read_object
from generators.training.sealed import SealedWriter
from generators.training.withholding import MOST, sealed_documents, withhold

KEY = bytes(range(32))


@pytest.fixture
def directory(tmp_path: Path) -> JobDirectory:
    directory = JobDirectory(tmp_path / "job")
    directory.create({"name": "voice"})
    return directory


def put(directory: JobDirectory, *texts: str) -> None:
    with SealedWriter(directory.corpus, KEY) as writer:
        for text in texts:
            writer.write(text, ("chat",))


def parts(directory: JobDirectory) -> tuple[list[str], list[str]]:
    learning, held_out = (
        [document.text for document in sealed_documents(path, KEY)] for path in (directory.learning, directory.held_out)
    )
    return learning, held_out


def nothing() -> None:
    """Nobody has asked for the end."""


class TestWithholding:
    """`withhold`."""

    def test_the_newest(self, directory: JobDirectory) -> None:
        """The last tenth is held out, in order, and the whole is not kept."""
        put(directory, *(f"document {number:02}" for number in range(20)))

        withhold(directory, KEY, nothing)

        learning, held_out = parts(directory)
        assert learning == [f"document {number:02}" for number in range(18)]
        assert held_out == ["document 18", "document 19"]
        assert not directory.corpus.exists()

    def test_once(self, directory: JobDirectory) -> None:
        """A process that is started again finds the same two parts."""
        put(directory, *"abcdefghijklmnopqrstuvwxyz")
        withhold(directory, KEY, nothing)
        before = directory.learning.read_bytes()

        withhold(directory, KEY, nothing)

        assert directory.learning.read_bytes() == before

    def test_one_document(self, directory: JobDirectory) -> None:
        """A single long text is divided between lines."""
        put(directory, "\n".join(f"line {number:03}" for number in range(100)))

        withhold(directory, KEY, nothing)

        (learnt,), (held_out,) = parts(directory)
        assert learnt.endswith("line 089")
        assert held_out.startswith("line 090")

    def test_a_huge_text(self, directory: JobDirectory) -> None:
        """Of a huge one no more is held out than measuring needs."""
        put(directory, *("x" * 1_000 for _ in range(4_000)))

        withhold(directory, KEY, nothing)

        _, held_out = parts(directory)
        assert sum(map(len, held_out)) == MOST

    @pytest.mark.parametrize("texts", [("a",), ("abc",)])
    def test_too_little(self, directory: JobDirectory, texts: tuple[str, ...]) -> None:
        """What cannot be divided is refused."""
        put(directory, *texts)

        with pytest.raises(NothingToLearn):
            withhold(directory, KEY, nothing)


class TestDirectory:
    """`JobDirectory`."""

    def test_private(self, directory: JobDirectory) -> None:
        """Nobody else on the machine reads it."""
        directory.tell({"type": "preparing"})

        assert directory.path.stat().st_mode & 0o077 == 0
        assert directory.events.stat().st_mode & 0o077 == 0

    def test_events(self, directory: JobDirectory) -> None:
        """Events are read from where the last reading ended; what is not written to its end waits."""
        assert directory.told() == ([], 0)
        directory.tell({"type": "one"})
        first, offset = directory.told()
        with directory.events.open("ab") as file:
            file.write(b'{"type": "two"')
        assert directory.told(offset) == ([], offset)
        with directory.events.open("ab") as file:
            file.write(b"}\n")

        later, _ = directory.told(offset)

        assert [event["type"] for event in (*first, *later)] == ["one", "two"]

    def test_an_end(self, directory: JobDirectory) -> None:
        """When it is over nothing of its text is left, and what it says is whole."""
        put(directory, *"abcdefghijklmnopqrstuvwxyz")
        withhold(directory, KEY, nothing)
        work = directory.path / "output" / ".voice.training"
        work.mkdir(parents=True)
        (work / "checkpoint").touch()

        directory.finish({"state": "failed"})

        assert directory.outcome() == {"state": "failed"}
        assert sorted(path.name for path in directory.path.rglob("*")) == ["output", "plan.json", "result.json"]

    def test_one_process(self, directory: JobDirectory) -> None:
        """A second process for the same job is kept out."""
        with directory.held() as first, directory.held() as second:
            assert (first, second) == (True, False)

    def test_waiting(self, directory: JobDirectory) -> None:
        """A wish to wait holds for seconds, so that nobody waits for a bot that is gone."""
        assert not directory.is_asked_to_wait()
        directory.waiting.touch()
        assert directory.is_asked_to_wait()

        os.utime(directory.waiting, (0, 0))

        assert not directory.is_asked_to_wait()

    def test_torn(self, tmp_path: Path) -> None:
        """A file that is torn or missing says nothing."""
        (tmp_path / "torn.json").write_text('{"a": ')

        assert read_object(tmp_path / "torn.json") == read_object(tmp_path / "none.json") == {}

    def test_no_further(self, directory: JobDirectory) -> None:
        """A process that is started again goes on from its checkpoint, and not again where it got no further."""
        work = directory.path / "output" / ".voice.training" / "checkpoint-3"
        assert directory.further(None) == 0
        assert directory.further(0) is None
        work.mkdir(parents=True)
        (work / "trainer_state.json").write_text('{"global_step": 3}')
        save_file({"weight": np.zeros(1)}, work / "model.safetensors")
        for name in PICKLES:
            zipfile.ZipFile(work / name, "w").close()

        found = [directory.further(than) for than in (None, 0, 3)]

        assert found == [3, 3, None]
