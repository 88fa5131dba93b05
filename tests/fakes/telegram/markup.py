"""HTML as Telegram reads it (Bot API, «Formatting options»); what it cannot read is refused as it refuses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.fakes.telegram.entities import Entity, Formatted, units
from tests.fakes.telegram.markdown import parse_markdown_v2
from tests.fakes.telegram.refusal import bad_request, unparsable

TAGS: Final = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
TAG: Final = re.compile(
    r"<(/?)([A-Za-z0-9-]+)((?:\s+[A-Za-z-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?)*)\s*>", re.DOTALL
)
ATTRIBUTE: Final = re.compile(r"([A-Za-z-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'<>]+)))?")
REFERENCE: Final = re.compile(r"&(?:(lt|gt|amp|quot)|#(\d{1,7})|#x([0-9A-Fa-f]{1,6}));")
NAMED: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}


@dataclass(slots=True)
class _Open:
    tag: str
    attributes: dict[str, str]
    start: int  # UTF-16 units
    at: int  # bytes, for what is said of it


def parsed(text: str, mode: str) -> Formatted:
    """A text in a parse mode, as text and entities; 400 where it cannot be parsed."""
    try:
        parse = PARSERS[mode.lower()]
    except KeyError:
        raise bad_request("unsupported parse_mode") from None
    return parse(text)


def parse_html(source: str) -> Formatted:
    """Text and entities of Telegram's HTML."""
    pieces: list[str] = []
    entities: list[Entity] = []
    opened: list[_Open] = []
    length = position = 0
    while position < len(source):
        if source[position] != "<":
            end = source.find("<", position)
            plain = REFERENCE.sub(_character, source[position : end if end >= 0 else None])
            pieces.append(plain)
            length += units(plain)
            position = end if end >= 0 else len(source)
            continue
        at = len(source[:position].encode(errors="replace"))
        match = TAG.match(source, position)
        if match is None:
            raise unparsable(f'Unsupported start tag "{source[position + 1 : position + 9]}" at byte offset {at}')
        closes, tag, attributes = match.group(1), match.group(2).lower(), match.group(3)
        position = match.end()
        if not closes:
            opened.append(_opened(tag, attributes, length, at))
            continue
        if not opened or opened[-1].tag != tag:
            raise unparsable(f'Unexpected end tag "{tag}" at byte offset {at}')
        entity = _entity(opened.pop(), opened, length, "".join(pieces))
        if entity is not None and entity.length:
            entities.append(entity)
    if opened:
        raise unparsable(f'Can\'t find end tag corresponding to start tag "{opened[-1].tag}"')
    return Formatted("".join(pieces), tuple(sorted(entities, key=lambda one: (one.offset, -one.length))))


def _opened(tag: str, written: str, start: int, at: int) -> _Open:
    attributes = {
        name.lower(): REFERENCE.sub(_character, one or two or three)
        for name, one, two, three in ATTRIBUTE.findall(written)
    }
    if tag not in TAGS or (tag == "span" and attributes.get("class") != "tg-spoiler"):
        raise unparsable(f'Unsupported start tag "{tag}" at byte offset {at}')
    return _Open(tag, attributes, start, at)


def _entity(ended: _Open, around: list[_Open], end: int, text: str) -> Entity | None:
    kind, more = TAGS[ended.tag], dict[str, Any]()
    if ended.tag == "a":
        more["url"] = ended.attributes.get("href") or text.encode("utf-16-le")[2 * ended.start :].decode("utf-16-le")
    elif ended.tag == "tg-emoji":
        more["custom_emoji_id"] = ended.attributes.get("emoji-id", "")
    elif ended.tag == "blockquote" and "expandable" in ended.attributes:
        kind = "expandable_blockquote"
    elif ended.tag == "code" and around and around[-1].tag == "pre":
        around[-1].attributes.update(ended.attributes)  # <pre><code class="language-x"> is one block
        return None
    elif ended.tag == "pre" and (language := ended.attributes.get("class", "")).startswith("language-"):
        more["language"] = language.removeprefix("language-")
    return Entity(kind, ended.start, end - ended.start, more)


def _character(match: re.Match[str]) -> str:
    name, decimal, hexadecimal = match.groups()
    if name:
        return NAMED[name]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else match.group()


PARSERS: Final[dict[str, Callable[[str], Formatted]]] = {"html": parse_html, "markdownv2": parse_markdown_v2}
