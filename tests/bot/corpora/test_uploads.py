from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import pytest

from bot.corpora import uploads
from bot.corpora.errors import FileTooLarge, IsAnExport, NoSuchUpload, NoTextFormat, TooManyFiles
from bot.corpora.uploads import MOST, Uploads, check
from generators.errors import UserError
from generators.training import Corpus
from storage.vault import Vault

DEN: Final = "web:den"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path / "keys" / "vault.key")


@pytest.fixture
def shelf(tmp_path: Path, vault: Vault) -> Uploads:
    return Uploads(tmp_path / "uploads", vault)


def texts(shelf: Uploads, place: str = DEN) -> list[str]:
    return [document.text for file in shelf.of_place(place) for document in Corpus([file.path], key=file.key)]


def test_an_upload_is_kept_sealed(shelf: Uploads, tmp_path: Path) -> None:
    """What was uploaded is read as it was, and stands in no file as plain text."""
    shelf.keep(DEN, "tales.txt", b"a marvellous lamp\nand a cave\n")

    assert texts(shelf) == ["a marvellous lamp", "and a cave"]
    files = [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()]
    assert files
    assert not any(b"marvellous" in path.read_bytes() for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files if path.suffix == ".sealed")


class Looking(Vault):
    """Looks, while it seals the key of a file, for what lies on the disk in the clear.

    Attributes:
        among: the directory that it looks through.
        found: whether there was something with the word «marvellous».
    """

    among: Path
    found: bool

    def seal(self, text: str, about: str) -> bytes:
        files = [path for path in self.among.rglob("*") if path.is_file() and not path.is_symlink()]
        self.found = any(b"marvellous" in path.read_bytes() for path in files)
        return super().seal(text, about)


def test_never_in_the_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a file stands on the disk as plain text while it is being sealed, when the bot may be killed."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    vault = Looking.open(tmp_path / "keys" / "vault.key")
    assert isinstance(vault, Looking)
    vault.among = tmp_path

    Uploads(tmp_path / "uploads", vault).keep(DEN, "tales.txt", b"a marvellous lamp\nand a cave\n")

    assert not vault.found


def test_places_have_their_own(shelf: Uploads) -> None:
    """A file of one place is none of another's."""
    shelf.keep(DEN, "a.txt", b"of the den")
    shelf.keep("telegram:-100", "a.txt", b"of the group")

    assert (texts(shelf), texts(shelf, "telegram:-100"), texts(shelf, "web:other")) == (
        ["of the den"],
        ["of the group"],
        [],
    )


def test_the_operators_files(shelf: Uploads, tmp_path: Path) -> None:
    """A text file that the operator has put into a place's folder is read as it is; others are not."""
    folder = tmp_path / "uploads" / "web_den"
    folder.mkdir(parents=True)
    (folder / "book.txt").write_text("a book\n", "utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG")

    assert [(file.name, file.key) for file in shelf.of_place(DEN)] == [("book.txt", None)]
    assert texts(shelf) == ["a book"]


def test_the_same_name_again(shelf: Uploads) -> None:
    """A file of the same name takes the place of the one before."""
    shelf.keep(DEN, "a.txt", b"old")

    shelf.keep(DEN, "a.txt", b"new")

    assert texts(shelf) == ["new"]


def test_tables_and_encodings(shelf: Uploads) -> None:
    """A table gives its column of texts, and text may be in another encoding."""
    shelf.keep(DEN, "a.csv", b"text,kind\none,x\ntwo,y\n")
    shelf.keep(DEN, "b.txt", "Straße und Öl und Übermut".encode("cp1252"))

    assert texts(shelf) == ["one", "two", "Straße und Öl und Übermut"]


@pytest.mark.parametrize(
    ("name", "data", "refusal"),
    [
        ("a.exe", b"x", NoTextFormat),
        ("a", b"x", NoTextFormat),
        ("txt", b"x", NoTextFormat),
        ("a.pdf", b"x", NoTextFormat),
        ("a.txt", b"x" * (MOST + 1), FileTooLarge),
        ("a.txt", b"", UserError),
        ("a.txt", b" \n \n", UserError),
        ("a.txt", b"a\0b", UserError),
        ("a.csv", b"a,b\n1,2\n", UserError),
        ("a.jsonl", b"[]\n", UserError),
        ("result.json", b'{"messages": []}', IsAnExport),
        ("export.html", b"<html>", IsAnExport),
        ("result.txt", b'{"name": "x", "messages": [', IsAnExport),
        ("a.csv", b'\xef\xbb\xbf"AuthorID","Author","Date","Content","Attachments","Reactions"\n', IsAnExport),
        ("a.csv", b"AuthorID;Author;Date;Content;Attachments;Reactions\n", IsAnExport),
        ("a.txt", b"==============================\nGuild: x\n", IsAnExport),
        ("a.txt", b"12/31/20, 10:15 PM - Ada: hello\n" * 9, IsAnExport),
        ("a.txt", b"[31.12.20, 10:15:00] Ada: hello\n" * 9, IsAnExport),
    ],
)
def test_what_is_refused(shelf: Uploads, tmp_path: Path, name: str, data: bytes, refusal: type[UserError]) -> None:
    """What is no text, too large, empty or a chat's export is refused in a sentence, and nothing of it is kept."""
    with pytest.raises(refusal) as refused:
        shelf.keep(DEN, name, data)

    assert str(tmp_path) not in str(refused.value)
    assert shelf.of_place(DEN) == []
    assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "name", ["../../escape.txt", "/etc/escape.txt", "..\\escape.txt", "....escape.txt", ".escape.txt"]
)
def test_names_lead_nowhere_else(shelf: Uploads, tmp_path: Path, name: str) -> None:
    """A name that leads to another folder, or is hidden, is a plain one in the place's folder."""
    kept = shelf.keep(DEN, name, b"text")

    assert kept.path == tmp_path / "uploads" / "web_den" / "escape.txt.sealed"


@pytest.mark.parametrize("place", ["web:../up", "web:a/b", "web:.."])
def test_places_lead_nowhere_else(shelf: Uploads, tmp_path: Path, place: str) -> None:
    """The name of a place leads to no other folder."""
    kept = shelf.keep(place, "a.txt", b"text")

    assert kept.path.parent.parent == tmp_path / "uploads"


@pytest.mark.parametrize("name", ["字" * 96, "é" * 200, "a" * 500])
def test_long_names(shelf: Uploads, name: str) -> None:
    """A name, and a place's, of more bytes than a file system takes is shortened."""
    place = f"web:{'𠀀' * 64}"

    kept = shelf.keep(place, f"{name}.txt", b"text")

    assert shelf.names(place) == [kept.name]
    assert kept.name.endswith(f"{name[0]}.txt")
    assert texts(shelf, place) == ["text"]
    assert shelf.names(f"{place[:-1]}a") == []


def test_too_many(shelf: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place has only so many files."""
    monkeypatch.setattr(uploads, "FILES", 1)
    shelf.keep(DEN, "a.txt", b"text")

    with pytest.raises(TooManyFiles):
        shelf.keep(DEN, "b.txt", b"text")


def test_removing(shelf: Uploads, tmp_path: Path) -> None:
    """A file that is removed is gone with its key; one that is not there is told with those that are."""
    shelf.keep(DEN, "a.txt", b"text")
    shelf.keep(DEN, "b.txt", b"text")

    shelf.remove(DEN, "a.txt")

    assert sorted(path.name for path in (tmp_path / "uploads" / "web_den").iterdir()) == ["b.txt.key", "b.txt.sealed"]
    with pytest.raises(NoSuchUpload, match=r"there are: b\.txt"):
        shelf.remove(DEN, "a.txt")


def test_a_place_is_forgotten(shelf: Uploads, tmp_path: Path) -> None:
    """Nothing is left of the files of a place that is gone."""
    shelf.keep(DEN, "a.txt", b"text")

    shelf.forget(DEN)

    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_place_moves(shelf: Uploads) -> None:
    """The files of a place that has another id can be read there, and go where they were once that is forgotten."""
    shelf.keep(DEN, "a.txt", b"text")

    shelf.copy(DEN, "web:lair")
    shelf.forget(DEN)

    assert (texts(shelf), texts(shelf, "web:lair")) == ([], ["text"])


def test_the_vaults_key_is_rotated(shelf: Uploads, vault: Vault) -> None:
    """Files can be read after the vault's key was changed and the old one dropped."""
    shelf.keep(DEN, "a.txt", b"text")

    vault.rotate()
    shelf.reseal()
    vault.forget_old_keys()

    assert texts(shelf) == ["text"]


def test_refused_before_it_is_fetched() -> None:
    """A name and a size are enough to refuse a file."""
    with pytest.raises(FileTooLarge, match="10 MB"):
        check("a.txt", MOST + 1)


def test_a_key_is_gone(shelf: Uploads, tmp_path: Path) -> None:
    """A sealed file without its key is named as lost and can be deleted; the others are read as before."""
    shelf.keep(DEN, "a.txt", b"of the den")
    shelf.keep(DEN, "b.txt", b"of nobody")
    next((tmp_path / "uploads").rglob("b.txt.key")).unlink()

    assert (shelf.names(DEN), shelf.lost(DEN)) == (["a.txt", "b.txt"], ["b.txt"])
    assert texts(shelf) == ["of the den"]

    shelf.remove(DEN, "b.txt")

    assert (shelf.names(DEN), shelf.lost(DEN)) == (["a.txt"], [])
