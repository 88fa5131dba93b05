"""MarkdownV2 as Telegram reads it (Bot API, «MarkdownV2 style»), by the steps of tdlib's parse_markdown_v2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tests.fakes.telegram.entities import Entity, Formatted, units
from tests.fakes.telegram.refusal import Refused, unparsable

RESERVED: Final = frozenset("_*[]()~`>#+-=|{}.!")
# The longer marks first: "__" before "_".
MARKS: Final = (
    ("```", "pre"),
    ("__", "underline"),
    ("||", "spoiler"),
    ("![", "custom_emoji"),
    ("_", "italic"),
    ("*", "bold"),
    ("~", "strikethrough"),
    ("`", "code"),
    ("[", "text_link"),
)
ENDS: Final = {kind: mark for mark, kind in MARKS} | {"text_link": "]", "custom_emoji": "]"}


@dataclass(slots=True)
class _Open:
    kind: str
    start: int
    more: dict[str, Any]
    at: int


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self.pieces: list[str] = []
        self.length = 0
        self.opened: list[_Open] = []
        self.entities: list[Entity] = []

    def read(self) -> Formatted:
        while self.position < len(self.source):
            self._line_start()
            if self.position < len(self.source):
                self._step()
        self._end_quote()
        if self.opened:
            raise self._broken(f"Can't find end of {self.opened[-1].kind} entity", self.opened[-1].at)
        entities = sorted(self.entities, key=lambda one: (one.offset, -one.length))
        return Formatted("".join(self.pieces), tuple(entities))

    def _step(self) -> None:
        character = self.source[self.position]
        inside = self.opened[-1].kind if self.opened else ""
        if character == "\\" and 0 < ord(self.source[self.position + 1 : self.position + 2] or "\0") < 127:
            self.position += 1
            self._keep(self.source[self.position])
        elif character not in RESERVED or (inside in ("code", "pre") and character != "`"):
            self._keep(character)
        elif inside and inside in ENDS and self.source.startswith(ENDS[inside], self.position):
            self._close()
        else:
            self._open()

    def _line_start(self) -> None:
        inside = self.opened[-1].kind if self.opened else ""
        if inside in ("code", "pre") or not (self.position == 0 or self.source[self.position - 1] == "\n"):
            return
        quoted = any(one.kind == "blockquote" for one in self.opened)
        if self.source.startswith((">", "**>"), self.position):
            mark = ">" if self.source[self.position] == ">" else "**>"
            if quoted and mark == "**>":
                self._end_quote()
                quoted = False
            self.position += len(mark)
            if not quoted:
                self.opened.append(_Open("blockquote", self.length, {}, self.position))
        elif quoted:
            self._end_quote()

    def _end_quote(self) -> None:
        if self.opened and self.opened[-1].kind == "blockquote":
            quote = self.opened.pop()
            self.entities.append(Entity("blockquote", quote.start, self.length - quote.start))

    def _open(self) -> None:
        for mark, kind in MARKS:
            if self.source.startswith(mark, self.position):
                at, self.position = self.position, self.position + len(mark)
                self.opened.append(_Open(kind, self.length, self._language() if kind == "pre" else {}, at))
                return
        character = self.source[self.position]
        raise self._broken(f"Character '{character}' is reserved and must be escaped with the preceding '\\'", None)

    def _close(self) -> None:
        ended = self.opened.pop()
        self.position += len(ENDS[ended.kind])
        if ended.kind in ("text_link", "custom_emoji"):
            address = self._address(ended)
            ended.more["url" if ended.kind == "text_link" else "custom_emoji_id"] = address
        if self.length > ended.start:
            self.entities.append(Entity(ended.kind, ended.start, self.length - ended.start, ended.more))

    def _address(self, ended: _Open) -> str:
        if not self.source.startswith("(", self.position):
            raise self._broken(f"Can't find address of {ended.kind}", ended.at)
        address = []
        self.position += 1
        while self.position < len(self.source) and self.source[self.position] != ")":
            if self.source[self.position] == "\\":
                self.position += 1
            address.append(self.source[self.position : self.position + 1])
            self.position += 1
        if self.position >= len(self.source):
            raise self._broken("Can't find end of a URL", ended.at)
        self.position += 1
        return "".join(address).removeprefix("tg://emoji?id=")

    def _language(self) -> dict[str, Any]:
        end = self.source.find("\n", self.position)
        language = self.source[self.position : end] if end >= 0 else ""
        if not language or not all(one.isalnum() or one in "+-_#" for one in language):
            self.position += 1 if end == self.position else 0
            return {}
        self.position = end + 1
        return {"language": language}

    def _keep(self, character: str) -> None:
        self.pieces.append(character)
        self.length += units(character)
        self.position += 1

    def _broken(self, why: str, at: int | None) -> Refused:
        where = "" if at is None else f" at byte offset {len(self.source[:at].encode(errors='replace'))}"
        return unparsable(f"{why}{where}")


def parse_markdown_v2(source: str) -> Formatted:
    """Text and entities of MarkdownV2."""
    return _Reader(source).read()
