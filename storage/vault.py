"""What people wrote is stored sealed: who has the database, or a copy of it, but not the key can read none of it."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from filelock import FileLock

from storage.columns import storable
from storage.errors import StorageError, Translate, english

FORMAT: Final = b"\x01"  # of what is sealed; another one would be another cipher
KEY: Final = 32  # bytes; AES-256
KEY_ID: Final = 4  # bytes
NONCE: Final = 12  # bytes; NIST SP 800-38D, 8.2: at random, for up to 2^32 texts under one key
HEAD: Final = len(FORMAT) + KEY_ID
SETTING: Final = "vault.key"  # what a key that no file holds is called
COST: Final = 2**15  # of scrypt, whose 32 MiB take 0.1 s; RFC 7914 has r = 8 and p = 1


@dataclass(eq=False)
class UnusableVault(StorageError):
    """The keys cannot be read, made or changed; `vault` is their file."""

    vault: str
    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The key that people's text is sealed with, {vault}, cannot be used: {reason}. "
            "Mend the file or restore a copy of it.",
            vault=self.vault,
            reason=self.reason,
        )


@dataclass(eq=False)
class CannotOpen(StorageError):
    """Something was sealed with a key that is not here, or is not what was sealed."""

    vault: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "Text in the database is damaged, or was sealed with another key than {vault}; restore that key.",
            vault=self.vault,
        )


@dataclass(frozen=True, slots=True)
class _Key:
    id: bytes
    secret: bytes
    cipher: AESGCM

    @classmethod
    def of(cls, secret: bytes) -> _Key:
        return cls(_hkdf(secret, b"id", KEY_ID), secret, AESGCM(_hkdf(secret, b"seal", KEY)))


@dataclass(frozen=True, slots=True)
class _Keys:
    """Keys, newest first, and how their file was when they were read."""

    all: tuple[_Key, ...]
    seen: tuple[int, int, int] | None = None


class Vault:
    """Seals texts with the newest of its keys, and opens those that any of them has sealed.

    Another process may change the file's keys: each text is sealed with the key that is the newest at that moment. So
    what is sealed inside a transaction that writes is opened by the keys that `storage.rotation` leaves.

    Attributes:
        name: as people may see it: the file, or the setting.
    """

    def __init__(self, name: str, path: Path | None, keys: _Keys) -> None:
        self.name = name
        self._path = path
        self._keys = keys
        self._known = {key.id: key for key in keys.all}  # also those that went meanwhile: a reader sees older rows

    @classmethod
    def open(cls, path: Path) -> Vault:
        """The keys in a file, which is made with a first one where there is none, for the user alone.

        Raises:
            UnusableVault: it is damaged, or the system refuses it.
        """
        vault = cls(str(path), path, _Keys(()))
        try:
            if not path.exists():
                _make_parents(path.parent)
                with vault._locked():
                    if not path.exists():
                        vault._write([secrets.token_bytes(KEY)])
            vault._take(vault._read())
        except OSError as fault:
            raise vault._unusable(fault) from fault
        return vault

    @classmethod
    def of(cls, key: str) -> Vault:
        """The key that a setting gives: 32 bytes as base64, or any other words.

        Several are parted by line ends or commas, the newest first.

        Raises:
            UnusableVault: there is none in it.
        """
        given = [part.strip() for part in key.replace(",", "\n").splitlines() if part.strip()]
        if not given:
            raise UnusableVault(SETTING, "it is empty")
        return cls(SETTING, None, _Keys(tuple(_Key.of(_decoded(part) or _stretched(part)) for part in given)))

    @property
    def rotating(self) -> bool:
        """Whether there are old keys besides the one that seals."""
        return len(self._current().all) > 1

    @property
    def given(self) -> bool:
        """Whether a setting gives the keys, which only the operator can change."""
        return self._path is None

    @property
    def head(self) -> bytes:
        """What all begins with that the newest key has sealed."""
        return FORMAT + self._current().all[0].id

    def seal(self, text: str, about: str) -> bytes:
        """The text, sealed: format (1 byte), key id (4), nonce (12), ciphertext with its tag.

        Args:
            about: says what it is the text of; it has to be the same when it is opened, and is stored nowhere.
        """
        key = self._current().all[0]
        nonce = os.urandom(NONCE)
        return b"".join((FORMAT, key.id, nonce, key.cipher.encrypt(nonce, storable(text).encode(), _bytes(about))))

    def seal_all(self, texts: Iterable[tuple[str, str]]) -> list[bytes]:
        """The same for many texts, each with what it is about; the file of the keys is looked at once."""
        key = self._current().all[0]
        head = FORMAT + key.id
        sealed = []
        for text, about in texts:
            nonce = os.urandom(NONCE)
            sealed.append(head + nonce + key.cipher.encrypt(nonce, storable(text).encode(), _bytes(about)))
        return sealed

    def unseal(self, sealed: bytes, about: str) -> str:
        """The text again.

        Raises:
            CannotOpen: no key here has sealed it, or not about that.
        """
        id_ = sealed[len(FORMAT) : HEAD]
        if id_ not in self._known:
            self._current()
        if sealed[: len(FORMAT)] != FORMAT or (key := self._known.get(id_)) is None:
            raise CannotOpen(self.name)
        try:
            return key.cipher.decrypt(sealed[HEAD : HEAD + NONCE], sealed[HEAD + NONCE :], _bytes(about)).decode()
        except (InvalidTag, ValueError) as fault:
            raise CannotOpen(self.name) from fault

    def is_current(self, sealed: bytes) -> bool:
        """Whether the newest key has sealed it."""
        return sealed[:HEAD] == self.head

    def derived(self, purpose: str) -> bytes:
        """A key of 32 bytes for another purpose, the same as long as the newest key is."""
        return _hkdf(self._current().all[0].secret, b"for " + _bytes(purpose), KEY)

    def rotate(self) -> None:
        """Makes a new key, which seals from now on; the others go on opening until `forget_old_keys`.

        Raises:
            UnusableVault: the keys are a setting's, or the file cannot be written.
        """
        self._change(lambda held: [secrets.token_bytes(KEY), *held])

    def forget_old_keys(self) -> None:
        """Keeps the newest key alone; what another has sealed can never be opened again.

        Raises:
            UnusableVault: the keys are a setting's, or the file cannot be written.
        """
        self._change(lambda held: held[:1])

    def _change(self, changed: Callable[[list[bytes]], list[bytes]]) -> None:
        if self._path is None:
            raise UnusableVault(self.name, "a setting gives it, which only you can change")
        try:
            with self._locked():
                self._write(changed([key.secret for key in self._read().all]))
                self._take(self._read())
        except OSError as fault:
            raise self._unusable(fault) from fault

    def _current(self) -> _Keys:
        """The keys as the file has them now."""
        if self._path is not None:
            try:
                if _state(self._path.stat()) != self._keys.seen:
                    self._take(self._read())
            except OSError as fault:
                raise self._unusable(fault) from fault
        return self._keys

    def _take(self, keys: _Keys) -> None:
        self._known = self._known | {key.id: key for key in keys.all}
        self._keys = keys

    def _read(self) -> _Keys:
        assert self._path is not None
        with self._path.open("rb") as file:
            seen = _state(os.fstat(file.fileno()))
            lines = file.read().split()
        held = [_decoded(line.decode("ascii", "replace")) for line in lines]
        if not held or None in held:
            raise UnusableVault(self.name, "it is damaged")
        return _Keys(tuple(_Key.of(secret) for secret in held if secret is not None), seen)

    def _write(self, held: Sequence[bytes]) -> None:
        """Replaces the file as a whole: whoever reads it, and whatever happens, it has all the old keys or the new."""
        assert self._path is not None
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"".join(base64.b64encode(secret) + b"\n" for secret in held))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _locked(self) -> FileLock:
        return FileLock(f"{self._path}.lock", mode=0o600)

    def _unusable(self, fault: OSError) -> UnusableVault:
        return UnusableVault(self.name, fault.strerror or type(fault).__name__)


def _make_parents(folder: Path) -> None:
    for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_mtime_ns, found.st_size


def _decoded(line: str) -> bytes | None:
    try:
        secret = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        return None
    return secret if len(secret) == KEY else None


def _stretched(words: str) -> bytes:
    """A key made of words, which are easier to guess than 32 bytes at random: each guess shall take its time."""
    return Scrypt(salt=b"planchette vault", length=KEY, n=COST, r=8, p=1).derive(_bytes(words))


def _hkdf(secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=b"planchette " + info).derive(secret)


def _bytes(text: str) -> bytes:
    return storable(text).encode()
