"""Text as Telegram keeps it: cleaned characters, and entities at UTF-16 offsets."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

from tests.fakes.telegram.refusal import bad_request

# tdlib, clean_input_string: control characters become spaces, carriage returns, line and paragraph separators and
# characters which turn the direction of text vanish.
CLEANED = {code: " " for code in range(32) if code != 0x0A} | {0x0D: None} | dict.fromkeys(range(8232, 8239))
INVISIBLE = frozenset(" \n\u00a0\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u3164\u2800")
SILENT = frozenset({"code", "pre"})  # entities in which Telegram finds no mention

COMMAND = re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")
MENTION = re.compile(r"(?<![\w@])@[A-Za-z0-9_]{3,32}(?!\w)")
HASHTAG = re.compile(r"(?<![\w#])#\w*[^\W\d]\w*")
URL = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
FOUND = (("bot_command", COMMAND), ("mention", MENTION), ("hashtag", HASHTAG), ("url", URL))


@dataclass(frozen=True, slots=True)
class Entity:
    """A part of a text that is more than its characters; offset and length in UTF-16 units."""

    type: str
    offset: int
    length: int
    more: dict[str, Any] = field(default_factory=dict)  # url, user, language, custom_emoji_id

    @property
    def end(self) -> int:
        """The first unit after it."""
        return self.offset + self.length

    def json(self) -> dict[str, Any]:
        """A MessageEntity."""
        return {"type": self.type, "offset": self.offset, "length": self.length, **self.more}


@dataclass(frozen=True, slots=True)
class Formatted:
    """A text with its entities."""

    text: str
    entities: tuple[Entity, ...] = ()


def units(text: str) -> int:
    """The length in UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)


def given(text: str, entities: Iterable[dict[str, Any]]) -> Formatted:
    """A text with the entities that a request names; each must lie inside and begin and end between characters."""
    edges = _edges(text)
    kept = []
    for one in entities:
        more = {name: value for name, value in one.items() if name not in ("type", "offset", "length")}
        entity = Entity(one["type"], one["offset"], one["length"], more)
        if entity.length <= 0 or entity.offset < 0 or entity.end > edges[-1]:
            raise bad_request(f"entity {entity.type} at {entity.offset}+{entity.length} lies outside the text")
        for edge in (entity.offset, entity.end):
            if edges[bisect_left(edges, edge)] != edge:
                raise bad_request(f"entity {entity.type} cuts a character at UTF-16 unit {edge}")
        kept.append(entity)
    return Formatted(text, tuple(kept))


def cleaned(formatted: Formatted) -> Formatted:
    """The text as Telegram stores it: some characters replaced or dropped, and trimmed, with entities moved along."""
    if any("\ud800" <= character <= "\udfff" for character in formatted.text):
        raise bad_request("strings must be encoded in UTF-8")
    translated = formatted.text.translate(CLEANED)
    text = translated.strip(" \n")
    if text == formatted.text or not formatted.entities:
        return Formatted(text, formatted.entities)
    pieces = [character.translate(CLEANED) for character in formatted.text]
    after = [0, *accumulate(map(units, pieces))]  # where each character's edge went, before trimming
    edges = _edges(formatted.text)
    dropped = units(translated) - units(translated.lstrip(" \n"))
    last = units(text)

    def moved(edge: int) -> int:
        return min(max(after[bisect_left(edges, edge)] - dropped, 0), last)

    entities = (
        replace(entity, offset=moved(entity.offset), length=moved(entity.end) - moved(entity.offset))
        for entity in formatted.entities
    )
    return Formatted(text, tuple(entity for entity in entities if entity.length))


def with_found(formatted: Formatted) -> Formatted:
    """The text with what Telegram finds by itself: commands, mentions, hashtags and addresses outside code."""
    covered = [entity for entity in formatted.entities if entity.type in SILENT | {"text_link", "text_mention"}]
    found = []
    for kind, pattern in FOUND:
        for match in pattern.finditer(formatted.text):
            offset, length = units(formatted.text[: match.start()]), units(match.group())
            if not any(one.offset < offset + length and offset < one.end for one in covered):
                found.append(Entity(kind, offset, length))
    if not found:
        return formatted
    entities = sorted((*formatted.entities, *found), key=lambda entity: (entity.offset, -entity.length))
    return Formatted(formatted.text, tuple(entities))


def part(text: str, entity: Entity) -> str:
    """The characters under an entity."""
    encoded = text.encode("utf-16-le", "surrogatepass")
    return encoded[2 * entity.offset : 2 * entity.end].decode("utf-16-le", "surrogatepass")


def pinged(formatted: Formatted, usernames: Iterable[str]) -> list[str]:
    """Whom a text with all its entities would notify: members by @username, and anybody by a mention of their id."""
    lowered = {name.lower() for name in usernames}
    who = []
    for entity in formatted.entities:
        shown = part(formatted.text, entity)
        if (
            entity.type == "text_mention"
            or (entity.type == "text_link" and entity.more["url"].startswith("tg://user?id="))
            or (entity.type == "mention" and shown[1:].lower() in lowered)
        ):
            who.append(shown)
    return who


def _edges(text: str) -> list[int]:
    return [0, *accumulate(1 + (character > "\uffff") for character in text)]
