"""Files to learn from: sealed as they arrive, with keys that are in this process's memory alone, and soon deleted."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from generators.host.errors import Malformed, unkept
from generators.training.sealed import KEY, SUFFIX, CannotSeal, SealedWriter
from generators.wire import Json

PURPOSE: Final = "fine-tune"
MOST: Final = 256 * 1024 * 1024  # bytes of a file
TOGETHER: Final = 1024 * 1024 * 1024  # bytes of all
FILES: Final = 100
LINE: Final = 16 * 1024 * 1024  # bytes; a book fits
KEPT: Final = 24 * 3600  # seconds for which a file waits for a job
NAME: Final = 200  # characters of a file's name
LABELS: Final = 16  # of a document, each of as many characters as a model's name
LABEL: Final = 200
PRIVATE: Final = 0o700
ALLOWED: Final = '{"text": "…"}, perhaps with "labels": ["…"], or {"prompt": "…", "completion": "…"}'


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was uploaded.

    Attributes:
        id: by which the API names it.
        name: as it was uploaded.
        size: in bytes, as it arrived.
        created: seconds since 1970.
        documents: in it.
        path: where it lies sealed.
        key: of it, which is written nowhere.
    """

    id: str
    name: str
    size: int
    created: int
    documents: int
    path: Path
    key: bytes

    def told(self) -> Json:
        """The same as OpenAI's file object."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.size,
            "created_at": self.created,
            "expires_at": self.created + KEPT,
            "filename": self.name,
            "purpose": PURPOSE,
            "status": "processed",
            "status_details": None,
        }


class Uploads:
    """The files of one host; those of an earlier process, whose keys went with it, are deleted at the beginning.

    Args:
        folder: theirs alone.
        now: seconds since 1970.
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now
        self._files: dict[str, Upload] = {}
        self._arriving: list[Receiving] = []
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=PRIVATE, parents=True)

    def all(self) -> list[Upload]:
        """The files, the newest first; those that have waited too long are deleted."""
        for file in list(self._files.values()):
            if self._now() >= file.created + KEPT:
                self.delete(file.id)
        return list(reversed(self._files.values()))

    def get(self, file_id: str, param: str | None = None) -> Upload:
        """A file.

        Args:
            param: the field that names it.

        Raises:
            Malformed: there is none.
        """
        found = next((file for file in self.all() if file.id == file_id), None)
        if found is None:
            raise Malformed(param, f"There is no file {file_id[:NAME]}; upload it again.", 400 if param else 404)
        return found

    def delete(self, file_id: str) -> None:
        """Deletes a file, if it is there."""
        file = self._files.pop(file_id, None)
        if file is not None:
            file.path.unlink(missing_ok=True)

    @contextmanager
    def receive(self, name: str) -> Iterator[Receiving]:
        """Takes a file that arrives; leaving the context with an error leaves nothing of it.

        Raises:
            Malformed: there is no room, or what arrives cannot be learnt from.
        """
        if len(self.all()) >= FILES:
            raise Malformed("file", f"{FILES} files wait here already; delete some.", 429)
        file_id = f"file-{secrets.token_hex(12)}"
        path, key = self._folder / f"{file_id}{SUFFIX}", os.urandom(KEY)
        receiving: Receiving | None = None
        try:
            with SealedWriter(path, key) as writer:
                receiving = Receiving(writer, self._check)
                self._arriving.append(receiving)
                yield receiving
                receiving.finish()
            created = int(self._now())
            receiving.file = Upload(
                file_id, name[:NAME] or "file", receiving.size, created, writer.documents, path, key
            )
            self._files[file_id] = receiving.file
        except CannotSeal as fault:
            raise unkept("file", self._folder, fault.reason, param="file") from fault
        finally:
            if receiving is not None:
                self._arriving.remove(receiving)

    def _check(self) -> None:
        """Makes sure that there is room for all files together.

        Raises:
            Malformed: there is not.
        """
        if sum(file.size for file in self._files.values()) + sum(each.size for each in self._arriving) > TOGETHER:
            raise Malformed("file", f"The files here are larger than {TOGETHER >> 20} MB together; delete some.", 413)


class Receiving:
    """A file that arrives, JSON lines, a document each.

    Attributes:
        size: of what has arrived, in bytes.
        file: as it is kept, once it is.
    """

    def __init__(self, writer: SealedWriter, check: Callable[[], None]) -> None:
        self.size = 0
        self.file: Upload | None = None
        self._writer = writer
        self._check = check
        self._rest = b""
        self._lines = 0

    def take(self, data: bytes) -> None:
        """Takes what has arrived.

        Raises:
            Malformed: it is too much, or no line that can be learnt.
        """
        self.size += len(data)
        self._check()
        if self.size > MOST:
            raise Malformed("file", f"The file is larger than {MOST >> 20} MB; send a part of it.", 413)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._learn(line)
        if len(self._rest) > LINE:
            self._lines += 1
            raise self._wrong(f"is longer than {LINE >> 20} MB; part it")

    def finish(self) -> None:
        """Takes the last line.

        Raises:
            Malformed: it cannot be learnt, or nothing can.
        """
        self._learn(self._rest)
        self._rest = b""
        if not self._writer.documents:
            raise Malformed("file", f"The file is empty; each line has to be {ALLOWED}.")

    def _learn(self, line: bytes) -> None:
        self._lines += 1
        if not line.strip():
            return
        try:
            value = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
        except (ValueError, RecursionError) as fault:
            raise self._wrong(f"is no JSON; it has to be {ALLOWED}") from fault
        text, labels = self._document(value)
        if text.strip():
            self._writer.write(text, labels)

    def _document(self, value: Any) -> tuple[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            raise self._wrong(f"has to be {ALLOWED}")
        if "messages" in value:
            raise self._wrong(f"has messages, and these models do not chat; it has to be {ALLOWED}")
        parts = [value["text"]] if "text" in value else [value.get("prompt", ""), value.get("completion")]
        labels = value.get("labels", [])
        if not all(isinstance(part, str) for part in parts):
            raise self._wrong(f"has to be {ALLOWED}")
        if not isinstance(labels, list) or len(labels) > LABELS or not all(map(_is_label, labels)):
            raise self._wrong(f"has labels that are not at most {LABELS} short texts")
        text = "".join(parts)
        try:
            text.encode()
        except UnicodeEncodeError as fault:
            raise self._wrong("holds half a character; write it whole") from fault
        return text, tuple(labels)

    def _wrong(self, what: str) -> Malformed:
        return Malformed("file", f"Line {self._lines:,} {what}.")


def _is_label(label: object) -> bool:
    return isinstance(label, str) and 0 < len(label) <= LABEL
