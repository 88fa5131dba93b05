"""Sealed corpora: documents that only who has the key can read, in a file that is whole or said to be torn.

The file is MAGIC, 16 random bytes, and frames of 4 bytes of length (big-endian) and so many of AES-256-GCM. A frame
holds JSON lines of `{"text", "labels"}`. The key of the frames comes from the given one and the random bytes by
HKDF-SHA256; a frame's nonce is its number and whether it is the last one (the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár, 2015), so none can be cut off, exchanged, repeated or moved without being noticed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from generators.errors import InvalidValue, Translate, UserError, english
from generators.training.errors import UnreadableSource

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SUFFIX: Final = ".sealed"
VARIABLE: Final = "PLANCHETTE_CORPUS_KEY"  # of the environment: a key in an argument could be read in the process list
KEY: Final = 32  # bytes
MAGIC: Final = b"PLC1"
SALT: Final = 16  # bytes
FRAME: Final = 1 << 16  # characters of JSON in a frame, at the least: what is in memory while a file is read
LONGEST: Final = 1 << 28  # bytes of a frame; a length beyond it was not written here
TAG: Final = 16  # bytes that AES-GCM adds


@dataclass(eq=False)
class NeedsKey(UserError):
    """A sealed corpus was given without its key, or with another one's."""

    path: str
    given: bool = False

    def sentence(self, translate: Translate = english) -> str:
        if not self.given:
            return translate(
                "{path} is sealed; give its key in the environment variable {variable}.",
                path=self.path,
                variable=VARIABLE,
            )
        return translate("{path} cannot be opened: the key is another one's, or the file is damaged.", path=self.path)


@dataclass(eq=False)
class CannotSeal(UserError):
    """A sealed corpus cannot be written: a full disk, mostly; there is none then."""

    path: str
    reason: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The text to learn from cannot be kept in {path}: {reason}. Mend that, and ask again.",
            path=self.path,
            reason=self.reason,
        )


class SealedText(NamedTuple):
    """A document as it was sealed, and the share of the file up to its end, in (0, 1]; 1 for the last one only."""

    text: str
    labels: tuple[str, ...]
    through: float


def key_of(text: str) -> bytes:
    """The key that 64 hexadecimal digits spell, as `bytes.hex` writes them.

    Raises:
        InvalidValue: they are not that; the sentence does not repeat them.
    """
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY:
        raise InvalidValue(VARIABLE, "what was given", f"{2 * KEY} hexadecimal digits")
    return key


def key_from_environment() -> bytes | None:
    """The key that the environment names, if it does.

    Raises:
        InvalidValue: what it names is no key.
    """
    text = os.environ.get(VARIABLE)
    return key_of(text) if text else None


def is_sealed(path: Path) -> bool:
    """Whether a file is a sealed corpus, by its name."""
    return path.suffix.lower() == SUFFIX


class SealedWriter:
    """Writes a sealed corpus; leaving the context without an error puts the file in its place, for the user alone.

    Args:
        path: of the file; one that is there is replaced.
        key: 32 bytes.

    Attributes:
        documents, characters: that were written.

    Raises:
        CannotSeal: the disk is full, or the folder cannot be written to.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self.documents = self.characters = 0
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._waiting: list[str] = []
        self._size = self._number = 0
        salt = os.urandom(SALT)
        self._cipher = _cipher(key, salt)
        try:
            self._file: BinaryIO = os.fdopen(os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        except OSError as fault:
            raise self._refused(fault) from fault
        self._put(MAGIC + salt)

    def write(self, text: str, labels: tuple[str, ...] = ()) -> None:
        """Adds a document.

        Raises:
            CannotSeal: the disk is full.
        """
        if self._size >= FRAME:
            self._seal(last=False)
        line = json.dumps({"text": text, "labels": labels}, ensure_ascii=False, separators=(",", ":"))
        self._waiting.append(line)
        self._size += len(line)
        self.documents += 1
        self.characters += len(text)

    def __enter__(self) -> SealedWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        else:
            self.discard()

    def finish(self) -> None:
        """Puts the whole file in its place.

        Raises:
            CannotSeal: the disk is full; there is no file then.
        """
        try:
            self._seal(last=True)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._part.replace(self._path)
        except OSError as fault:
            raise self._refused(fault) from fault
        finally:
            self.discard()

    def discard(self) -> None:
        """Leaves nothing of what was not finished."""
        with suppress(OSError):  # of what is still to be written, which nobody wants any more
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _seal(self, *, last: bool) -> None:
        plain = "\n".join(self._waiting).encode("utf-8", "surrogatepass")
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), plain, None)
        self._put(len(sealed).to_bytes(4, "big") + sealed)
        self._waiting, self._size, self._number = [], 0, self._number + 1

    def _put(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as fault:
            raise self._refused(fault) from fault

    def _refused(self, fault: OSError) -> CannotSeal:
        return CannotSeal(str(self._path.parent), fault.strerror or type(fault).__name__)


def read_sealed(path: Path, key: bytes | None) -> Iterator[SealedText]:
    """The documents of a sealed corpus, a frame in memory at a time.

    Args:
        path: of the file.
        key: 32 bytes; None takes that of the environment.

    Raises:
        NeedsKey: there is no key, or it does not open the file.
        UnreadableSource: the file is missing, torn or no sealed corpus.
    """
    key = key or key_from_environment()
    if key is None:
        raise NeedsKey(str(path))
    try:
        with path.open("rb") as file:
            yield from _read(file, path, key)
    except OSError as fault:
        raise UnreadableSource(str(path), fault.strerror or type(fault).__name__) from fault


def _read(file: BinaryIO, path: Path, key: bytes) -> Iterator[SealedText]:
    size = path.stat().st_size
    head = file.read(len(MAGIC) + SALT)
    if not head.startswith(MAGIC) or len(head) < len(MAGIC) + SALT:
        raise UnreadableSource(str(path), "it is no sealed corpus")
    cipher = _cipher(key, head[len(MAGIC) :])
    number, last = 0, False
    while not last:
        begins = file.tell()
        sealed = _frame(file, path)
        ends = file.tell()
        last = ends == size
        lines = _opened(cipher, sealed, number, path, last=last)
        for at, line in enumerate(lines, 1):
            value = json.loads(line)
            through = 1.0 if last and at == len(lines) else (begins + (ends - begins) * at / (len(lines) + 1)) / size
            yield SealedText(value["text"], tuple(value["labels"]), through)
        number += 1


def _frame(file: BinaryIO, path: Path) -> bytes:
    length = int.from_bytes(head := file.read(4), "big")
    sealed = file.read(length) if TAG <= length <= LONGEST else b""
    if len(head) < 4 or len(sealed) < length or not sealed:
        raise UnreadableSource(str(path), "its end is missing; make it again")
    return sealed


def _opened(cipher: AESGCM, sealed: bytes, number: int, path: Path, *, last: bool) -> list[str]:
    """The lines of a frame.

    Raises:
        NeedsKey: it is the first, and cannot be opened.
        UnreadableSource: it cannot be opened, though one before it could.
    """
    from cryptography.exceptions import InvalidTag

    for ends in (
        last,
        not last,
    ):  # at the end of a file that was cut off between frames stands one that is not the last
        try:
            plain = cipher.decrypt(_nonce(number, last=ends), sealed, None)
        except InvalidTag:
            continue
        if ends != last:
            raise UnreadableSource(str(path), "its end is missing; make it again" if last else "more follows its end")
        return plain.decode("utf-8", "surrogatepass").split("\n") if plain else []
    if number == 0:
        raise NeedsKey(str(path), given=True)
    raise UnreadableSource(str(path), f"its part {number + 1:,} is damaged; make it again")


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    if len(key) != KEY:
        raise ValueError(f"the key of a corpus has {KEY} bytes, not {len(key)}")
    return AESGCM(HKDF(SHA256(), KEY, salt, b"planchette sealed corpus").derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
