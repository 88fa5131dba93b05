"""How far into its file a document reaches."""

from __future__ import annotations

from pathlib import Path

import pytest

from generators.training.corpus import Corpus
from generators.training.documents import Documents


def shares(path: Path, documents: Documents | None = None) -> list[float]:
    return [document.through for document in Corpus([path], documents)]


@pytest.mark.parametrize(
    ("name", "content", "documents", "expected"),
    [
        ("a.txt", b"aaaa\nbbbb\ncccc\ndddd\n", None, [0.25, 0.5, 0.75, 1]),
        ("a.txt", b"aaa\r\nbbbbb\r\nccc\r\n", None, [5 / 17, 12 / 17, 1]),
        ("a.txt", b"aaaa\n\n\n\n\nbbbb\n\n\n\n\n\n", "blank", [5 / 19, 1]),
        ("a.txt", b"a\n=====DOC=====\nb\n=====DOC=====\n", None, [2 / 32, 1]),
        ("a.txt", "éééé\nabc\nabc\n".encode(), None, [9 / 17, 13 / 17, 1]),
        ("a.txt", "éééé\nabc\nabc\n".encode("utf-16"), None, [12 / 28, 20 / 28, 1]),
        ("a.txt", "\ufeffabc\nabc\n".encode(), None, [7 / 11, 1]),
        ("a.txt", b"all\n\nof it\n", "file", [1]),
        ("a.csv", b'text\n"a\nb"\nccc\n', None, [11 / 15, 1]),
        ("a.jsonl", b'{"text": "a"}\n\n{"text": "b"}\n', None, [14 / 29, 1]),
    ],
)
def test_through(tmp_path: Path, name: str, content: bytes, documents: Documents | None, expected: list[float]) -> None:
    """A document says which share of its file's bytes ends with it; the file's last one always reaches its end."""
    path = tmp_path / name
    path.write_bytes(content)

    assert shares(path, documents) == pytest.approx(expected)


def test_each_file(tmp_path: Path) -> None:
    """Every file has its own end."""
    (tmp_path / "a.txt").write_text("a\nb\n", "utf-8")
    (tmp_path / "b.txt").write_text("c\nd\n", "utf-8")

    documents = list(Corpus([tmp_path / "a.txt", tmp_path / "b.txt"]))

    assert [document.through for document in documents] == [0.5, 1, 0.5, 1]


def test_cut(tmp_path: Path) -> None:
    """Pieces of running text end where a share of each file does, so that none stands on both sides."""
    (tmp_path / "a.txt").write_text("1\n2\n3\n4\n", "utf-8")
    (tmp_path / "b.txt").write_text("5\n6\n", "utf-8")

    pieces = list(Corpus([tmp_path / "a.txt", tmp_path / "b.txt"]).running_text(0.75))

    assert [piece.text for piece in pieces] == ["1\n2\n3\n", "4\n", "5\n", "6\n"]
    assert [piece.through > 0.75 for piece in pieces] == [False, True, False, True]
