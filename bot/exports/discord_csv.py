"""DiscordChatExporter's CSV: with commas and ISO times today, with semicolons and local times in 2019."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from bot.exports.errors import DamagedExport, NotUtf8Export, TruncatedExport
from bot.exports.exported import Chat, Exported
from bot.exports.source import Source
from bot.exports.times import moment

NEEDED: Final = ("Author", "Date", "Content")
DIGEST: Final = 12  # bytes: two of a thousand million messages come to the same once in 10^11 channels


class Header(NamedTuple):
    """Which columns there are, and what is between them."""

    delimiter: str
    columns: tuple[str, ...]


def header_of(begin: bytes) -> Header | None:
    """The header of an export that begins so; None where it is none."""
    line = begin.split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r")
    for delimiter in (",", ";"):
        columns = tuple(name.strip().strip('"') for name in line.split(delimiter))
        if set(NEEDED) <= set(columns):
            return Header(delimiter, columns)
    return None


class DiscordCsv:
    """A channel, which the file does not name; messages have no ids, so they get some of what they say."""

    platform = "discord"
    numbered = False

    def __init__(self, source: Source, header: Header) -> None:
        self._source = source
        self.name = str(source.path)
        self._header = header
        self._author, self._date, self._content = (header.columns.index(name) for name in NEEDED)
        self._id = header.columns.index("AuthorID") if "AuthorID" in header.columns else None

    def chats(self) -> Sequence[Chat]:
        """Its channel, which has no name."""
        for _ in self._rows():
            pass
        return [Chat(None)]

    def messages(self, chat: Chat | None = None) -> Iterator[Exported | None]:  # noqa: ARG002  # it has one
        """Its messages."""
        again: Counter[tuple[str, str]] = Counter()
        date = ""
        for row in self._rows():
            if row[self._date] != date:
                date = row[self._date]
                again.clear()
            try:
                at = moment(date)
            except ValueError:
                yield None
                continue
            author, text = row[self._author], row[self._content]
            person = author if self._id is None else row[self._id]
            said = (person, text)
            yield Exported(_id(person, date, text, again[said]), "" if self._id is None else person, author, at, text)
            again[said] += 1

    def _rows(self) -> Iterator[list[str]]:
        """The lines behind the header, each with all its columns.

        Raises:
            UserError: it ends in a line, or is no such table.
        """
        self._source.rewind()
        text = io.TextIOWrapper(io.BufferedReader(_Kept(self._source)), encoding="utf-8-sig", newline="")
        name = str(self._source.path)
        rows = csv.reader(text, delimiter=self._header.delimiter, strict=True)
        width = len(self._header.columns)
        try:
            next(rows)
            for row in rows:
                if len(row) == width:
                    yield row
                elif row:
                    line = rows.line_num
                    if next(rows, None) is None:
                        raise TruncatedExport(name)
                    raise DamagedExport(name, f"line {line} has {len(row)} columns instead of {width}")
        except csv.Error as fault:
            if "unexpected end of data" in str(fault):
                raise TruncatedExport(name) from fault
            raise DamagedExport(name, f"line {rows.line_num} is no CSV ({fault})") from fault
        except UnicodeDecodeError as fault:
            raise NotUtf8Export(name) from fault


class _Kept(io.RawIOBase):
    """A source that stays open when what reads it is thrown away."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.readinto = source.readinto  # type: ignore[method-assign]

    def readable(self) -> bool:
        return True


def _id(person: str, date: str, text: str, again: int) -> str:
    """The same whenever the same messages are exported; `again` counts equal ones of one moment."""
    said = "\0".join((person, date, text, str(again)))
    return "csv:" + blake2b(said.encode("utf-8", "surrogatepass"), digest_size=DIGEST).hexdigest()
