"""Which encoding a file's text is in, and its lines."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from generators.training.errors import UnreadableSource

BLOCK: Final = 1 << 20  # bytes that are read at a time
NEARLY: Final = 1 - 2**-32
SAMPLE: Final = 1 << 16  # bytes that an encoding is told by
BOMS: Final = {  # those of UTF-32 first: that of UTF-16 begins like it
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
UNMARKED: Final = {  # what lines are in behind a byte order mark, and the mark's length; either order has as many bytes
    "utf-8-sig": ("utf-8", 3),
    "utf-16": ("utf-16-le", 2),
    "utf-32": ("utf-32-le", 4),
}
ASCII: Final = frozenset({"utf-8", "cp1252"})  # encodings that need not be asked how long ASCII is
CODECS: Final = (  # of text that is not Unicode, the usual ones first: charset-normalizer holds many to be as likely
    *("cp1252", "cp1251", "cp1250", "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
    *("cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "mac_roman", "cp850", "cp866", "tis_620"),
)
WESTERN: Final = "cp1252"
FEW: Final = 50  # characters that are not ASCII; fewer tell no language, and most such files are Western
SURE: Final = 8  # characters of UTF-8 that no text in another encoding begins with by chance
TYPED: Final = frozenset("‘’‚“”„«»–—…•·¡¿€£§©®°™½¼¾\u00a0")  # what stands in Western texts beside letters


class _Fault(NamedTuple):
    """Where a file is no UTF-8: the byte, the characters of UTF-8 before it, and lines from there on."""

    position: int
    before: int
    sample: bytes


def encoding_of(source: Path) -> str:
    """The encoding that a file's text is in, as Python names it; the file is read through, once.

    UTF-8 where it is that, with or without a byte order mark; UTF-16 and UTF-32 by theirs; otherwise what the lines
    with other bytes look like, if the whole file can be decoded so.

    Raises:
        UnreadableSource: it cannot be read, has a byte that no text has, or is in no encoding that can be told.
    """
    try:
        stat = source.stat()
        return _encoding_of(source, stat.st_size, stat.st_mtime_ns)
    except OSError as fault:
        raise UnreadableSource(str(source), fault.strerror or str(fault)) from fault


class Lines:
    """The lines of a file, with `\\n` as their ends, and how far into the file the last one that was read reaches.

    Args:
        source: file, which each iteration reads again.

    Raises:
        UnreadableSource: when iterated, as `encoding_of`.
    """

    def __init__(self, source: Path) -> None:
        self._source = source
        self._read = self._size = 0

    @property
    def through(self) -> float:
        """Share of the file's bytes, below 1: only who has read the last line knows that it was."""
        return min(self._read / self._size, NEARLY) if self._size else 0.0

    def __iter__(self) -> Iterator[str]:
        encoding = encoding_of(self._source)
        codec, self._read = UNMARKED.get(encoding, (encoding, 0))
        self._size = self._source.stat().st_size
        for line in _raw_lines(self._source, encoding):
            self._read += len(line) if line.isascii() and codec in ASCII else len(line.encode(codec))
            yield f"{line[:-2]}\n" if line.endswith("\r\n") else line


def _raw_lines(source: Path, encoding: str) -> Iterator[str]:
    try:
        with source.open(encoding=encoding, newline="\n") as file:
            yield from file
    except OSError as fault:
        raise UnreadableSource(str(source), fault.strerror or str(fault)) from fault
    except UnicodeDecodeError as fault:
        raise UnreadableSource(str(source), "it was changed while it was read") from fault


@lru_cache(maxsize=256)
def _encoding_of(source: Path, _: int, __: int) -> str:
    with source.open("rb") as file:
        start = file.read(4)
    marked = next((name for bom, name in BOMS.items() if start.startswith(bom)), "utf-8")
    if not marked.startswith("utf-8"):
        if not _decodes(source, marked):
            raise UnreadableSource(str(source), f"it begins as {marked.upper()} does, and is none; save it as UTF-8")
        return marked
    fault = _fault(source)
    if fault is None:
        return marked
    if marked != "utf-8" or fault.before >= SURE:
        raise UnreadableSource(str(source), f"byte {fault.position:,} is not UTF-8; save the file as UTF-8")
    for name in _likely(fault.sample):
        if _decodes(source, name):
            return name
    reason = f"byte {fault.position:,} is not UTF-8, and its encoding cannot be told; save the file as UTF-8"
    raise UnreadableSource(str(source), reason)


def _fault(source: Path) -> _Fault | None:
    """Where a file ceases to be UTF-8; None where it does not.

    Raises:
        UnreadableSource: it has a NUL, as files have that are no text.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = before = 0
    found: tuple[int, int] | None = None
    with source.open("rb") as file:
        while block := file.read(BLOCK):
            if (nul := block.find(b"\0")) >= 0:
                reason = f"byte {position + nul:,} is NUL, which no text has; save the file as UTF-8 text"
                raise UnreadableSource(str(source), reason)
            if found is None:
                left = decoder.getstate()[0]
                try:
                    before += _beyond_ascii(decoder.decode(block))
                except UnicodeDecodeError as fault:
                    good = (left + block)[: fault.start].decode("utf-8")
                    found = position - len(left) + fault.start, before + _beyond_ascii(good)
            position += len(block)
    if found is None and (left := decoder.getstate()[0]):  # it ends inside a character
        found = position - len(left), before
    return None if found is None else _Fault(*found, _sample(source, found[0]))


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _sample(source: Path, position: int) -> bytes:
    """Lines with bytes that are not ASCII, from that at a position on; they may be few in a large file."""
    lines: list[bytes] = []
    size = 0
    with source.open("rb") as file:
        file.seek(max(position - 200, 0))  # some of its line: half a character there is half of one
        start = file.read(position - file.tell()).rpartition(b"\n")[2]
        for line in file:
            if not (start + line).isascii():
                lines.append((start + line)[:SAMPLE])
                size += len(lines[-1])
            start = b""
            if size >= SAMPLE:
                break
    return b"".join(lines)


def _decodes(source: Path, encoding: str) -> bool:
    """Whether the whole file is text in an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with source.open("rb") as file:
            while block := file.read(BLOCK):
                if "\0" in decoder.decode(block):
                    return False
            decoder.decode(b"", True)
    except UnicodeError:
        return False
    return True


def _likely(sample: bytes) -> list[str]:
    """Encodings that these lines may be in, the likeliest first."""
    from charset_normalizer import from_bytes

    try:
        western = sample.decode(WESTERN)
    except UnicodeDecodeError:
        western = ""
    letters = [character for character in western if not character.isascii()]
    is_western = bool(letters) and all(unicodedata.category(c)[0] == "L" or c in TYPED for c in letters)
    if is_western and len(letters) < FEW and len(letters) * 2 < sum(map(str.isalpha, western)):
        return [WESTERN]
    matches = from_bytes(sample, cp_isolation=list(CODECS))
    best = sorted(matches, key=lambda found: (found.chaos, -found.coherence, CODECS.index(found.encoding)))
    if is_western and best and sample.decode(best[0].encoding) == western:
        return [WESTERN]  # German in another encoding of the same letters
    return [match.encoding for match in best]
