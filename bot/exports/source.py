"""An export's bytes: decompressed, within limits, and readable again from the start."""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from bot.exports.errors import Bomb, DamagedExport, ExportIsFolder, TruncatedExport, UnknownExport

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP: Final = b"\x1f\x8b"  # RFC 1952, 2.3.1
RATIO: Final = 100  # chats shrink to a tenth or a thirtieth; the most that deflate can do is a thousandth
HARMLESS: Final = 64_000_000  # bytes, whatever they were packed to
LONGEST: Final = 8_000_000  # bytes without a quotation mark or a line end: the longest text that a message can have


class Source(io.RawIOBase):
    """A file that is read as it is, or as what it is the gzip of.

    Attributes:
        path: of the file.
        size: of the file, in bytes.
        packed: whether it is a gzip.
        watch: is called whenever something was read.
        closely: whether a parser needs each byte of it to be looked at first.

    Raises:
        UserError: it is a folder, or something that can be read only once.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            found = next((name for name in ("result.json",) if (path / name).is_file()), "")
            raise ExportIsFolder(str(path), found)
        if not stat.S_ISREG(kind):
            raise UnknownExport(str(path), "it is no file that can be read twice")
        self._file = path.open("rb")
        self.size = os.fstat(self._file.fileno()).st_size
        self.packed = self._file.read(len(GZIP)) == GZIP
        self._file.seek(0)
        self._bytes: BinaryIO = cast(BinaryIO, gzip.GzipFile(fileobj=self._file)) if self.packed else self._file
        self._position = 0
        self._plain = 0
        self.watch: Callable[[], None] = lambda: None
        self.closely = False

    @property
    def done(self) -> int:
        """How many of the file's `size` bytes have been read since the start."""
        return self._file.tell()

    def rewind(self) -> None:
        """Goes back to the start."""
        self._bytes.seek(0)
        self._position = self._plain = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Reads on.

        Raises:
            UserError: what is packed is damaged, or grows too much, or is one endless text.
        """
        try:
            read = self._bytes.readinto(buffer)  # type: ignore[attr-defined]  # both kinds of file have it
        except EOFError as fault:
            raise TruncatedExport(str(self.path)) from fault
        except (gzip.BadGzipFile, zlib.error) as fault:
            raise DamagedExport(str(self.path), "it is no whole gzip") from fault
        self._check(memoryview(buffer)[:read])
        self.watch()
        return cast(int, read)

    def close(self) -> None:
        """Closes the file too."""
        self._bytes.close()
        self._file.close()
        super().close()

    def _check(self, piece: memoryview) -> None:
        self._position += len(piece)
        if self.packed and self._position > max(HARMLESS, RATIO * self.size):
            raise Bomb(str(self.path), RATIO)
        raw = bytes(piece)
        self._plain = 0 if b'"' in raw or b"\n" in raw else self._plain + len(raw)
        if self._plain > LONGEST:
            raise DamagedExport(str(self.path), f"it has a text of more than {LONGEST // 1_000_000} MB")
