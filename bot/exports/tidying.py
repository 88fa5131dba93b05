"""What a JSON parser gets to read of an export: nothing that would fill the memory, and no half characters.

The parser takes neither half a surrogate pair nor a limit for how deep it goes, and it keeps a path for each level. To
look closely at each byte costs as much as parsing; so a glance decides whether that is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from bot.exports.errors import DamagedExport, NotUtf8Export
from bot.exports.source import Source

DEEPEST: Final = 500  # levels; exporters nest eight, and Python shows a value of a thousand no more
CROWDED: Final = 4000  # brackets that open in a piece; the messages of exporters come to 2,600 at most in 64 KiB
HELD: Final = 11  # bytes: of a surrogate pair (RFC 8259, section 7) all but the last
HIGH: Final = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
LOW: Final = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
LONE: Final = re.compile(b"%b(?!%b)|(?<!%b)%b" % (HIGH, LOW, HIGH, LOW))
UNFINISHED: Final = re.compile(rb"(?:%b)?(?:\\(?:u[0-9a-fA-F]{0,3})?)?\Z" % HIGH)
REPLACEMENT: Final = rb"\\ufffd"  # as `re.sub` takes it
ALIKE: Final = bytes.maketrans(b"{}", b"[]")
BRACKETS: Final = b"[]{}"
NO_BRACKETS: Final = bytes(set(range(256)) - set(BRACKETS))
NO_STRUCTURE: Final = bytes(set(range(256)) - set(BRACKETS + b'"'))

T = TypeVar("T")


class Stream(Protocol):
    """What can be parsed."""

    def read(self, size: int = -1, /) -> bytes | None:
        """The next bytes; none at the end."""
        ...


class HalfCharacter(NotUtf8Export):
    """Half a surrogate pair that the parser does not read as «?»: it reads U+FFFD for whoever looks closely."""


class Crowded(DamagedExport):
    """Brackets upon brackets, if they do not stand in texts, which is seen by whoever looks closely."""


def twice(source: Source, read: Callable[[], T]) -> T:
    """What is read from the start of a source; closely, where a glance is not enough.

    Raises:
        UserError: it cannot be read.
    """
    source.rewind()
    if not source.closely:
        try:
            return read()
        except (HalfCharacter, Crowded):
            source.closely = True
            source.rewind()
    return read()


def checked(stream: Stream, source: Source) -> Stream:
    """A stream of a source of which nobody knows yet how deep it goes."""
    return Tidied(stream, str(source.path), watched=True) if source.closely else Glanced(stream, str(source.path))


def tidied(stream: Stream, source: Source) -> Stream:
    """A stream of a source of which that is known."""
    return Tidied(stream, str(source.path)) if source.closely else stream


class Glanced:
    """A stream of JSON whose brackets are counted, also those in texts."""

    def __init__(self, stream: Stream, name: str) -> None:
        self._stream = stream
        self._name = name
        self._level = self._lowest = 0

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the end.

        Raises:
            UserError: so many open that it may go deep, or the stream says so.
        """
        piece = self._stream.read(size) or b""
        brackets = piece.translate(ALIKE, NO_BRACKETS)
        opening = brackets.count(b"[")
        self._level += 2 * opening - len(brackets)
        self._lowest = min(self._lowest, self._level)
        if opening > CROWDED or self._level - self._lowest > DEEPEST:
            raise Crowded(self._name, "its brackets do not close")
        return piece


class Tidied:
    """A stream of JSON in which half a surrogate pair reads U+FFFD, and which goes only so deep where it is watched."""

    def __init__(self, stream: Stream, name: str, *, watched: bool = False) -> None:
        self._stream = stream
        self._name = name
        self._watched = watched
        self._held = b""  # an escape that goes on in the next bytes
        self._level = 0
        self._in_text = False

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the end.

        Raises:
            UserError: they are nested too deep, or the stream says so.
        """
        piece = b""
        while size and not piece:
            raw = self._stream.read(size)
            if not raw:
                piece, self._held = self._held, b""
                break
            piece = self._tidied(self._held + raw)
        if self._watched:
            self._watch(piece)
        return piece

    def _tidied(self, raw: bytes) -> bytes:
        """All but an escape at the end that may go on."""
        plain = raw.replace(b"\\\\", b"\0\0")  # a backslash, which makes no escape of what follows
        unfinished = UNFINISHED.search(plain, max(0, len(plain) - HELD))
        end = len(plain) if unfinished is None else unfinished.start()
        self._held = raw[end:]
        if b"\0" in raw:  # which the parser refuses
            return raw[:end]
        return LONE.sub(REPLACEMENT, plain[:end]).replace(b"\0\0", b"\\\\")

    def _watch(self, piece: bytes) -> None:
        """Counts the brackets outside of texts; those of one piece may go as deep again before it is seen."""
        marks = piece.replace(b"\\\\", b"").replace(b'\\"', b"").translate(ALIKE, NO_STRUCTURE)
        parts = marks.split(b'"')
        outside = b"".join(parts[self._in_text :: 2])
        self._in_text ^= len(parts) % 2 == 0
        for _ in range(DEEPEST):
            if b"[]" not in outside:
                break
            outside = outside.replace(b"[]", b"")
        self._level += 2 * outside.count(b"[") - len(outside)
        if self._level > DEEPEST or b"[]" in outside:
            raise DamagedExport(self._name, f"it is nested more than {DEEPEST} levels deep")
