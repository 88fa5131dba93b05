"""Text as Telegram takes it: cleaned, measured in UTF-16, with nobody pinged."""

from __future__ import annotations

import re
from typing import Final

from telegram import MessageEntity

TEXT: Final = 4096  # UTF-16 units; Bot API 10.1, sendMessage
CAPTION: Final = 1024  # UTF-16 units; Bot API 10.1, sendPhoto
NOTICE: Final = 200  # characters; Bot API 10.1, answerCallbackQuery
ENTITIES: Final = 100  # of one message; what comes after is ignored (limits.tginfo.me)
BLANK: Final = "…"  # in place of a text in which there is nothing to see: Telegram refuses those

# tdlib, clean_input_string: what Telegram does to a text. Done here first, so that what it drops cannot hide an @.
CLEANED: Final[dict[int, str | None]] = {
    **{code: " " for code in range(32) if code != 0x0A},
    0x00: "␀",
    0x0D: None,
    **dict.fromkeys(range(0x2028, 0x202F)),
    **dict.fromkeys(range(55296, 57344), "�"),
}
INVISIBLE: Final = frozenset(" \n\u00a0\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u3164\u2800")
MENTION: Final = re.compile(r"(?<![A-Za-z0-9_])@\w+")  # a little more than what Telegram finds


def sendable(text: str) -> str:
    """The text without characters that Telegram refuses or drops; one without anything to see is «…»."""
    text = text.translate(CLEANED)
    return BLANK if all(character in INVISIBLE for character in text) else text


def units(text: str) -> int:
    """The length in UTF-16 code units, which Telegram counts in."""
    return len(text) + sum(character > "\uffff" for character in text)


def muted(text: str) -> tuple[MessageEntity, ...]:
    """Entities that make code of whatever would be a mention: shown as it is, and nobody is pinged."""
    spans = [match.span() for match in MENTION.finditer(text)]
    if len(spans) > ENTITIES // 2:  # those beyond the limit would ping: all between the first and the last is code
        spans = [(spans[0][0], spans[-1][1])]
    entities, at, offset = [], 0, 0
    for start, end in spans:
        offset += units(text[at:start])
        length = units(text[start:end])
        entities.append(MessageEntity(MessageEntity.CODE, offset, length))
        at, offset = end, offset + length
    return tuple(entities)


def shortened(text: str, limit: int = NOTICE) -> str:
    """The beginning of a text in at most `limit` characters; one that was cut ends with «…»."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
