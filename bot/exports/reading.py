"""Which kind of export a file is, told by what it begins with, and its reader."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bot.exports import discord_csv, discord_json, telegram_json
from bot.exports.errors import EmptyExport, HtmlExport, NotUtf8Export, UnknownExport
from bot.exports.exported import Reader
from bot.exports.head import head_of
from bot.exports.source import Source
from bot.exports.tidying import twice

SNIFFED: Final = 65_536  # bytes that tell what a file is
UTF_8: Final = b"\xef\xbb\xbf"
WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")  # byte order marks of UTF-16 and UTF-32
ARCHIVES: Final = {b"PK\x03\x04": "ZIP", b"7z\xbc\xaf": "7z", b"Rar!": "RAR", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}


@contextmanager
def opened(path: Path) -> Iterator[tuple[Source, Reader]]:
    """Opens an export, packed with gzip or not, and finds out what it is.

    Raises:
        UserError: it is none that can be read.
        OSError: the file cannot be read.
    """
    with Source(path) as source:
        yield source, _reader(source)


def _reader(source: Source) -> Reader:
    begin = _begin(source)
    name = str(source.path)
    if begin.startswith(b"<"):
        raise HtmlExport(name, _platform(begin))
    if begin.startswith(b"{"):
        head, key = twice(source, lambda: head_of(source))
        if discord_json.is_one(head):
            return discord_json.DiscordJson(source, head)
        if telegram_json.is_one(head, key):
            return telegram_json.TelegramJson(source, head, key)
        raise UnknownExport(name, "its messages look otherwise than those of any version known here")
    if begin.startswith(b"[") and begin[1:].lstrip().startswith((b"{", b"[")):
        raise UnknownExport(name, "it is a list without a chat around it")
    header = discord_csv.header_of(begin)
    if header is None:
        raise UnknownExport(name, f"it begins with «{begin[:40].decode('utf-8', 'replace').splitlines()[0]}»")
    return discord_csv.DiscordCsv(source, header)


def _begin(source: Source) -> bytes:
    """The first bytes, without a mark and white space.

    Raises:
        UserError: there are none, or they are no text.
    """
    name = str(source.path)
    raw = source.read(SNIFFED) or b""
    source.rewind()
    if raw.startswith(WIDE):
        raise NotUtf8Export(name)
    for magic, kind in ARCHIVES.items():
        if raw.startswith(magic):
            raise UnknownExport(name, f"it is a {kind} archive, so unpack it")
    if b"\0" in raw:
        raise UnknownExport(name, "it is a binary file")
    begin = raw.removeprefix(UTF_8).lstrip()
    if not begin:
        raise EmptyExport(name)
    return begin


def _platform(page: bytes) -> str:
    """Whose page it is."""
    if b"DiscordChatExporter" in page or b"chatlog" in page or b"preamble" in page:
        return "discord"
    return "telegram" if b"page_wrap" in page or b"Exported Data" in page else ""
