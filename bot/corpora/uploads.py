"""Text files that a place gave to be learnt from: those that an admin uploads, and those that the operator puts there.

A place has a folder of its own in the home's `uploads`, so that nothing crosses from one to another. What comes from a
chat lies sealed there, with a key of its own that the vault seals; what the operator puts there is read as it is.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from bot.corpora.errors import FileTooLarge, IsAnExport, KeyLost, NoSuchUpload, NoTextFormat, TooManyFiles
from bot.corpora.reading import GivenFile
from generators.training import Corpus, UnreadableSource
from generators.training.sealed import KEY, SUFFIX, CannotSeal, SealedWriter
from storage.vault import Vault

FORMATS: Final = (".txt", ".md", ".csv", ".tsv", ".jsonl", ".ndjson")
MOST: Final = 10_000_000  # bytes; what Discord takes from everybody, and half of what Telegram gives to a bot
FILES: Final = 20  # of a place: with the largest ones 200 MB
NAME: Final = 100  # characters
LONGEST: Final = 255  # bytes of a name that a file system takes
BYTES: Final = LONGEST - len(f".{SUFFIX}.part")  # … with what is put around it
LOCK: Final = ".key"  # the sealed key of `NAME.sealed` is in `NAME.key`
PRIVATE: Final = 0o700
_DISCORD_TABLE: Final = re.compile(rb"^\W*AuthorID\W+Author\W+Date\W+Content\b")
_DISCORD_TEXT: Final = re.compile(rb"^\W*={10,}\s+Guild:")
_JSON: Final = re.compile(rb'"messages"\s*:\s*\[|"chats"\s*:\s*\{')
_SAID: Final = re.compile(  # «12/31/20, 10:15 - Ada: hello», «[31.12.20, 10:15:00] Ada: hello»
    rb"^\W*\d{1,4}[-./]\w{1,3}[-./]\d{2,4},?\s+\d{1,2}:\d{2}(?::\d{2})?(?:\s?[AaPp]\.?[Mm]\.?)?\]?\s*(?:-\s*)?[^:\n]{1,60}:",
    re.M,
)
SAID: Final = 5  # such lines among the first make an export of a file


class Uploads:
    """The files of all places; its methods wait for the disk, so that they are called in threads.

    Args:
        folder: `Home.uploads`.
        vault: that seals the keys.
    """

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._vault = vault

    def keep(self, place: str, name: str, data: bytes) -> GivenFile:
        """Keeps a file that somebody gave, sealed; one of the same name is replaced.

        Args:
            place: the channel's key.
            name: as it was uploaded.
            data: what is in it.

        Raises:
            UserError: it is no text, too large, empty, or the export of a chat; or there are too many.
        """
        plain = _plain(name)
        check(plain, len(data))
        if _is_export(data):
            raise IsAnExport(plain)
        folder = self._of(place)
        if len({*self._names(folder), plain}) > FILES:
            raise TooManyFiles(FILES)
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        key = secrets.token_bytes(KEY)
        sealed = folder / f"{plain}{SUFFIX}"
        with _unwritten(data, plain) as given, SealedWriter(sealed, key) as writer:
            try:
                for document in Corpus([given]):
                    writer.write(document.text)
            except UnreadableSource as fault:
                raise replace(fault, path=plain) from fault
            _write(self._lock(sealed), self._vault.seal(key.hex(), _about(plain)))
        return GivenFile(sealed, plain, key)

    def names(self, place: str) -> list[str]:
        """What the files of a place are called, those too that nobody can read any more."""
        return self._names(self._of(place))

    def lost(self, place: str) -> list[str]:
        """The names of those that lie sealed here without their key."""
        folder = self._of(place)
        return [name for name in self._names(folder) if self._is_lost(folder, name)]

    def of_place(self, place: str) -> list[GivenFile]:
        """The files of a place, by name, without those that are lost.

        Raises:
            CannotOpen: the vault's key that has sealed one is not there.
        """
        lost = self.lost(place)
        return [self._given(place, name) for name in self.names(place) if name not in lost]

    def remove(self, place: str, name: str) -> None:
        """Deletes a file.

        Raises:
            NoSuchUpload: there is none.
        """
        folder = self._of(place)
        names = self._names(folder)
        if name not in names:
            raise NoSuchUpload(name, tuple(names))
        for path in (folder / name, folder / f"{name}{SUFFIX}", folder / f"{name}{LOCK}"):
            path.unlink(missing_ok=True)

    def folder_of(self, place: str) -> str:
        """The folder of a place, from the home on: where the operator puts files."""
        return f"{self._folder.name}/{_folder(place)}"

    def forget(self, place: str) -> None:
        """Deletes all files of a place that is gone."""
        shutil.rmtree(self._of(place), ignore_errors=True)

    def copy(self, old: str, new: str) -> None:
        """Has the files of a place under its new key too; under the old one they stay until that is forgotten."""
        if old != new and self._of(old).is_dir():
            shutil.copytree(self._of(old), self._of(new), dirs_exist_ok=True)

    def reseal(self) -> None:
        """Seals the keys anew that an old key of the vault has sealed, before that is dropped.

        Raises:
            CannotOpen: the vault's key that has sealed one is not there.
        """
        for lock in self._folder.glob(f"*/*{LOCK}"):
            sealed = lock.read_bytes()
            if self._vault.is_current(sealed):
                continue
            about = _about(lock.name.removesuffix(LOCK))
            _write(lock, self._vault.seal(self._vault.unseal(sealed, about), about))

    def _of(self, place: str) -> Path:
        return self._folder / _folder(place)

    def _names(self, folder: Path) -> list[str]:
        return sorted({path.name.removesuffix(SUFFIX) for path in _listed(folder)})

    def _given(self, place: str, name: str) -> GivenFile:
        sealed = self._of(place) / f"{name}{SUFFIX}"
        if not sealed.exists():
            return GivenFile(self._of(place) / name, name)
        try:
            locked = self._lock(sealed).read_bytes()
        except FileNotFoundError as fault:  # since it was looked for
            raise KeyLost(name) from fault
        key = self._vault.unseal(locked, _about(name))
        return GivenFile(sealed, name, bytes.fromhex(key))

    def _is_lost(self, folder: Path, name: str) -> bool:
        sealed = folder / f"{name}{SUFFIX}"
        return sealed.exists() and not self._lock(sealed).exists()

    def _lock(self, sealed: Path) -> Path:
        return sealed.with_name(f"{sealed.name.removesuffix(SUFFIX)}{LOCK}")


def check(name: str, size: int) -> None:
    """Refuses a file before it is fetched.

    Args:
        name: as it was uploaded.
        size: in bytes.

    Raises:
        NoTextFormat: its name is none of a text.
        FileTooLarge: it has too many bytes.
    """
    plain = _plain(name)
    if not plain.lower().endswith(FORMATS):
        raise IsAnExport(plain) if plain.lower().endswith((".json", ".html")) else NoTextFormat(plain, FORMATS)
    if size > MOST:
        raise FileTooLarge(plain, MOST)


def _plain(name: str) -> str:
    """A name that leads nowhere else, and says what the file is."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = re.sub(r"[^\w .()-]", "_", last).strip(" .")
    return plain[-NAME:].encode()[-BYTES:].decode(errors="ignore").strip(" .") or "_"


def _folder(place: str) -> str:
    plain = re.sub(r"[^\w-]", lambda found: "_" if found[0] == ":" else f"%{ord(found[0]):x}", place)
    return plain if len(plain.encode()) <= LONGEST else f"{plain[:32]}-{sha256(place.encode()).hexdigest()[:16]}"


@contextmanager
def _unwritten(data: bytes, name: str) -> Iterator[Path]:
    """A file of that name which is on no disk, so that nothing stays there if the bot is killed meanwhile."""
    with TemporaryDirectory(prefix="planchette-") as folder:
        path = Path(folder) / name
        if not hasattr(os, "memfd_create"):  # elsewhere than on Linux it is a file after all
            path.write_bytes(data)
            yield path
            return
        with os.fdopen(os.memfd_create("upload"), "wb") as file:
            file.write(data)
            file.flush()
            path.symlink_to(f"/proc/self/fd/{file.fileno()}")
            yield path


def _write(lock: Path, sealed: bytes) -> None:
    """Writes a lock, whole or not at all.

    Raises:
        CannotSeal: the disk is full.
    """
    anew = lock.with_name(f".{lock.name}.new")
    try:
        anew.write_bytes(sealed)
        anew.replace(lock)
    except OSError as fault:
        anew.unlink(missing_ok=True)
        raise CannotSeal(lock.name.removesuffix(LOCK), fault.strerror or type(fault).__name__) from fault


def _about(name: str) -> str:
    return f"upload {name}"  # not of which place: places move


def _listed(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in folder.iterdir():
            name = path.name.removesuffix(SUFFIX)
            if path.is_file() and not name.startswith(".") and name.lower().endswith(FORMATS):
                yield path


def _is_export(data: bytes) -> bool:
    """Whether a file holds what people said in a chat, who are to be asked first."""
    head = data[:20_000].replace(b"\0", b"")
    if _DISCORD_TABLE.search(head) or _DISCORD_TEXT.search(head) or _JSON.search(head):
        return True
    return len(_SAID.findall(head)) >= SAID
