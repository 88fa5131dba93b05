"""Quotation marks in one style: straight for letters, their own for Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import regex

QUOTES: Final = {"“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'"}
CORNERS: Final = {"「": "“", "」": "”", "『": "‘", "』": "’"}

NEIGHBOURS: Final = 40  # paragraphs that are looked at together: an anthology's stories have a style each
HAN: Final = 0.3  # share of a Chinese text's characters; a third is punctuation and what is quoted in letters
LOOKED_AT: Final = 4000  # characters, to tell a text's script

_STRAIGHT = str.maketrans(QUOTES)
_CORNERS = str.maketrans(CORNERS)
_HAN = regex.compile(r"\p{Script=Han}")
_KANA = regex.compile(r"[\p{Script=Hiragana}\p{Script=Katakana}]")
_SPACED = re.compile(r"^»[^\S\n]+|(?<![\w.,!?…])«[^\S\n]+|[^\S\n]+»(?!\w)", re.M)  # French; »so« is German

_SINGLE = re.compile(r"(?<![\w'])'(?=[A-Z])")
_DOUBLE = re.compile(r'(?<!\w)"(?=\w)')
_MARK = re.compile(r"""["]|(?<!\w)'|'(?!\w)""")
_CLOSES = re.compile(r"[.,!?;:)…*—-][\"']?$")
_CLOSED = re.compile(r"[.,!?;:…—-]'(?!\w)")
_OPENS = re.compile(r"(?<![\w'])'(?=\w)")
_CLIPPED = re.compile(r"(?:\b(?:o|th|wi|an|mus|ol)|\win)$", re.I)  # o' th' goin'
_ELIDED = re.compile(r"(?:t(?:is|was|were|will|would|isn)|em|ere|ave|im|er|un|cause|bout|neath|gainst|nother)\b", re.I)


def is_chinese(text: str) -> bool:
    """Whether a text is in Chinese, by its beginning."""
    start = text[:LOOKED_AT]
    letters = len(_HAN.findall(start))
    return letters > HAN * len(start) and 10 * len(_KANA.findall(start)) < letters  # a few came in by mistake


def straight(text: str) -> str:
    """One style of quotation marks: "…" with '…' inside, without spaces on their inner sides; “…” in Chinese.

    Where a story's dialogue is in single marks, they become double ones, and those inside them single.
    """
    if is_chinese(text):
        return "\n".join(map(_curly, text.translate(_CORNERS).split("\n")))
    text = _SPACED.sub('"', text).translate(_STRAIGHT)
    if "'" not in text:
        return text
    paragraphs = re.split(r"(\n\s*\n)", text)
    return "".join(_neighbours(paragraphs))


def _neighbours(parts: list[str]) -> Iterator[str]:
    """Paragraphs and what is between them, with double marks where dialogue is mostly in single ones."""
    for at in range(0, len(parts), 2 * NEIGHBOURS):
        some = parts[at : at + 2 * NEIGHBOURS]
        together = "".join(some)
        singles, doubles = len(_SINGLE.findall(together)), len(_DOUBLE.findall(together))
        yield from map(_doubled, some) if singles > max(2, doubles) else some


def _doubled(paragraph: str) -> str:
    """A paragraph whose outer quotation marks are single, with double ones; apostrophes stay."""
    parts: list[str] = []
    opened, last = False, 0
    for mark in _MARK.finditer(paragraph):
        at = mark.start()
        outer = mark[0] == "'" and (_ends(paragraph, at) if opened else _begins(paragraph, at))
        if outer:
            opened = not opened
        if outer or (mark[0] == '"' and opened):
            parts += [paragraph[last:at], '"' if outer else "'"]
            last = at + 1
    return "".join(parts) + paragraph[last:]


def _begins(paragraph: str, at: int) -> bool:
    """Whether a single mark opens a quotation, and is no apostrophe before a shortened word."""
    if at + 1 >= len(paragraph) or paragraph[at + 1].isspace() or (at and paragraph[at - 1].isalnum()):
        return False
    return _ELIDED.match(paragraph, at + 1) is None


def _ends(paragraph: str, at: int) -> bool:
    """Whether a single mark closes a quotation that is open: it does after a point or comma.

    After a letter it does, unless a likelier mark follows before the next quotation.
    """
    if not at or paragraph[at - 1].isspace() or paragraph[at + 1 : at + 2].isalnum():
        return False
    before = paragraph[max(at - 8, 0) : at]
    if _CLOSES.search(before):
        return True
    if _CLIPPED.search(before):
        return False
    closed, opens = _CLOSED.search(paragraph, at + 1), _OPENS.search(paragraph, at + 1)
    return closed is None or (opens is not None and opens.start() < closed.start())


def _curly(paragraph: str) -> str:
    """Straight double marks as the opening and closing ones that they stand for."""
    if '"' not in paragraph:
        return paragraph
    opened = False
    letters = list(paragraph)
    for at, letter in enumerate(letters):
        if letter == '"':
            letters[at] = "”" if opened else "“"
        if letter in '"“”':
            opened = letters[at] == "“"
    return "".join(letters)
