"""Text that Discord shows exactly as it was written."""

from __future__ import annotations

import re
from typing import Final

from bot.splitting import split

MESSAGE_TEXT: Final = 2000  # characters; Discord API v10, message resource
NOTHING: Final = "\u200b"  # a message has to say something; this cannot be seen

# Emphasis, spoilers, code, links with a text of their own; `<` opens mentions, emoji, time stamps and quiet links,
# `@` names everyone, `:` before `//` makes an address a link, and `:` before a name and another an emoji.
MARKS: Final = re.compile(r"[\\*_~|`<\[\]@]|:(?=//|[\w+-]{1,40}:)")
LINE_STARTS: Final = re.compile(
    r"(?:^|(?<=\r))([^\S\r\n]*)([#>+-]|\d+(?=[.)]))", re.MULTILINE
)  # headings, quotes, lists
ESCAPED: Final = re.compile(r"\\([!-/:-@\[-`{-~])")


def escaped(text: str) -> str:
    """The text with a backslash before everything that Discord would make something else of."""
    return LINE_STARTS.sub(_line_start, MARKS.sub(r"\\\g<0>", text))


def unescaped(text: str) -> str:
    """What `escaped` made this of, as people read it."""
    return ESCAPED.sub(r"\1", text)


def contents(text: str) -> list[str]:
    """A text as one or more messages' contents, escaped, each of them short enough and none of them empty."""
    return [escaped(part) for part in split(text, MESSAGE_TEXT, _size)] or [NOTHING]


def _line_start(match: re.Match[str]) -> str:
    mark = match[2]
    return f"{match[1]}\\{mark}" if mark in "#>+-" else match[0] + "\\"


def _size(text: str) -> int:
    """UTF-16 units once it is escaped: whichever way Discord counts, it counts no more."""
    shown = escaped(text)
    return len(shown) + sum(character > "\uffff" for character in shown)
