from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generators.errors import InvalidValue, UserError
from generators.training import Corpus, UnreadableSource
from generators.training.parting import Partition
from generators.training.sealed import FRAME, MAGIC, VARIABLE, NeedsKey, SealedWriter, key_of, read_sealed

KEY: Final = bytes(range(32))
SECRET: Final = "the cat sat under the lamp"


def sealed(path: Path, texts: list[str], labels: tuple[str, ...] = ()) -> Path:
    with SealedWriter(path, KEY) as writer:
        for text in texts:
            writer.write(text, labels)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.tuples(st.text(), st.lists(st.text(max_size=8), max_size=2))))
def test_what_is_written_is_read(tmp_path: Path, documents: list[tuple[str, list[str]]]) -> None:
    """Every document comes back with its labels, in its order, whatever characters it has."""
    path = tmp_path / "corpus.sealed"

    with SealedWriter(path, KEY) as writer:
        for text, labels in documents:
            writer.write(text, tuple(labels))

    assert [(found.text, list(found.labels)) for found in read_sealed(path, KEY)] == documents


def test_nothing_can_be_read_without_the_key(tmp_path: Path) -> None:
    """Neither texts nor labels stand in the file, nobody else may read it, and nothing else is left beside it."""
    path = sealed(tmp_path / "corpus.sealed", [SECRET], ("lamp",))

    data = path.read_bytes()

    assert data.startswith(MAGIC)
    assert b"cat" not in data
    assert b"lamp" not in data
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.glob("*.part")) == []


def test_shares_ascend_to_one(tmp_path: Path) -> None:
    """The share of the file ascends from document to document, over frames too, and only the last one reaches 1."""
    path = sealed(tmp_path / "corpus.sealed", ["x" * (FRAME // 3)] * 10)

    shares = [found.through for found in read_sealed(path, KEY)]

    assert shares == sorted(set(shares))
    assert [share == 1 for share in shares] == [False] * 9 + [True]


def test_every_torn_file_is_one_sentence(tmp_path: Path) -> None:
    """A file that was cut off anywhere is refused in a sentence, also where it was cut between two frames."""
    whole = sealed(tmp_path / "corpus.sealed", ["x" * FRAME, "y" * 10, "z"]).read_bytes()
    torn = tmp_path / "torn.sealed"
    frame = 4 + int.from_bytes(whole[20:24], "big")

    for length in (0, 3, 20, 22, 24, 100, 20 + frame, 20 + frame + 2, len(whole) - 1):
        torn.write_bytes(whole[:length])
        with pytest.raises(UserError):
            list(read_sealed(torn, KEY))


def test_cut_between_frames(tmp_path: Path) -> None:
    """A file that ends with a whole frame that is not the last one misses its end, and nothing of it is given."""
    whole = sealed(tmp_path / "corpus.sealed", ["x" * FRAME, "y"]).read_bytes()
    torn = tmp_path / "torn.sealed"
    torn.write_bytes(whole[: 24 + int.from_bytes(whole[20:24], "big")])

    with pytest.raises(UnreadableSource, match="its end is missing; make it again"):
        next(read_sealed(torn, KEY))


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    """Whichever byte is changed, the file is refused."""
    whole = sealed(tmp_path / "corpus.sealed", ["a", "b"]).read_bytes()
    changed = tmp_path / "changed.sealed"

    for at in range(len(whole)):
        changed.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(UserError):
            list(read_sealed(changed, KEY))


def test_another_key(tmp_path: Path) -> None:
    """Another key than the file's is told in a sentence that does not repeat it."""
    path = sealed(tmp_path / "corpus.sealed", [SECRET])

    with pytest.raises(NeedsKey, match=r"corpus\.sealed cannot be opened") as refused:
        list(read_sealed(path, bytes(32)))

    assert bytes(32).hex() not in str(refused.value)


def test_no_key(tmp_path: Path) -> None:
    """Without a key the sentence says where to give it."""
    path = sealed(tmp_path / "corpus.sealed", [SECRET])

    with pytest.raises(NeedsKey, match=VARIABLE):
        list(read_sealed(path, None))


@pytest.mark.parametrize("text", ["", "ab", "g" * 64, "ab" * 31, "ab" * 33])
def test_no_key_at_all(text: str) -> None:
    """What is not 64 hexadecimal digits is no key, and is not repeated."""
    with pytest.raises(InvalidValue, match="64 hexadecimal digits"):
        key_of(text)


def test_key_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment opens a corpus that was given without one."""
    path = sealed(tmp_path / "corpus.sealed", [SECRET])
    monkeypatch.setenv(VARIABLE, KEY.hex())

    documents = list(Corpus([path]))

    assert [document.text for document in documents] == [SECRET]


def test_corpus_reads_sealed_files(tmp_path: Path) -> None:
    """A corpus gives the documents of a sealed file with their labels, among others, and never shows their key."""
    plain = tmp_path / "plain.txt"
    plain.write_text("one\n", "utf-8")
    corpus = Corpus([sealed(tmp_path / "corpus.sealed", ["two\nlines"], ("chat",)), plain], key=KEY)

    documents = [(document.text, document.labels) for document in corpus]

    assert documents == [("two\nlines", ("chat",)), ("one", ())]
    assert corpus.labelled
    assert set(corpus.encodings().values()) == {"utf-8"}
    assert repr(KEY) not in repr(corpus)
    assert "".join(piece.text for piece in corpus.running_text()) == "two\nlines\none\n"


def test_labels_that_cannot_be_learnt(tmp_path: Path) -> None:
    """Where only some labels can be learnt, documents of a sealed corpus keep those."""
    path = sealed(tmp_path / "corpus.sealed", ["one"], ("story", "text"))

    documents = list(Corpus([path], key=KEY, sealed_labels=frozenset({"text"})))

    assert [document.labels for document in documents] == [("text",)]


def test_the_end_is_held_out(tmp_path: Path) -> None:
    """Where ends are held out, it is the end of a sealed corpus too."""
    path = sealed(tmp_path / "corpus.sealed", [f"text {number}" for number in range(20)])
    partition = Partition(0.1, "end")

    hidden = [document.text for document in partition.read(Corpus([path], key=KEY)) if partition.hides(document)]

    assert hidden[-1] == "text 19"
    assert len(hidden) < 5


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    """What is interrupted while it is written leaves an earlier file as it was, and nothing beside it."""
    path = sealed(tmp_path / "corpus.sealed", [SECRET])

    with pytest.raises(TypeError), SealedWriter(path, KEY) as writer:
        writer.write(None)  # type: ignore[arg-type]

    assert [found.text for found in read_sealed(path, KEY)] == [SECRET]
    assert list(tmp_path.iterdir()) == [path]
