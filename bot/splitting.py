"""Texts that are too long for one message, in parts that each fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import regex

_BLANK: Final = r"\s(?![\p{M}\u200d])"  # white space; with a combining mark on it, it is a character to see
_CLOSING: Final = r"[\p{Pe}\p{Pf}\"']{0,3}"  # quotes and brackets that close with a sentence
_BREAKS: Final = (
    regex.compile(rf"\n(?:{_BLANK})*\n(?![\p{{M}}\u200d])"),  # between paragraphs
    regex.compile(
        rf"\n(?![\p{{M}}\u200d])|(?<=[.!?…]{_CLOSING})(?:{_BLANK})+|(?<=[。！？｡]{_CLOSING})(?=[\p{{L}}\p{{N}}])"
    ),
    regex.compile(rf"(?:{_BLANK})+"),
)
_BLANKS: Final = regex.compile(rf"(?:{_BLANK})*+")
_CLUSTER: Final = regex.compile(r"\X")  # an extended grapheme cluster, Unicode Standard Annex 29


def split(text: str, limit: int, measure: Callable[[str], int] = len) -> list[str]:
    """The parts of a text, first to last, each of which fits into one message; none of them is blank.

    It is cut between paragraphs where a part comes out at least half full so, else between sentences or lines, else at
    white space, else between characters as people see them. White space at the cuts is lost, nothing else.

    Args:
        limit: units in a part, at least 1.
        measure: units of a text: UTF-16 code units, characters as they are escaped; a longer text has no fewer.

    Raises:
        ValueError: one code point alone is more than the limit.
    """
    parts = []
    start = 0
    while start < len(text):
        end = _cut(text, start, limit, measure)
        if (part := text[start:end] if end == len(text) else text[start:end].rstrip()).strip():
            parts.append(part)
        start = end
        if (blanks := _BLANKS.match(text, start)) is not None:
            start = blanks.end()
    return parts


def _cut(text: str, start: int, limit: int, measure: Callable[[str], int]) -> int:
    """Where the part that begins at `start` ends."""
    reach = start + _fitting(text, start, limit, measure)
    if reach == len(text):
        return reach
    seen = min(reach + 2, len(text))  # what follows tells whether something ends at `reach`
    for breaks in _BREAKS:
        found: list[int] = [at for match in breaks.finditer(text, start, seen) if (at := match.start()) <= reach]
        least = start + 1 if breaks is _BREAKS[-1] else start + (reach - start) // 2
        if found and found[-1] >= least and text[start : found[-1]].strip():
            return found[-1]
    clusters: list[int] = [match.end() for match in _CLUSTER.finditer(text, start, seen) if match.end() <= reach]
    return clusters[-1] if clusters else reach


def _fitting(text: str, start: int, limit: int, measure: Callable[[str], int]) -> int:
    """The number of code points from `start` on that fit, at least 1."""
    left = len(text) - start
    fits, over = 0, min(limit, left)
    while measure(text[start : start + over]) <= limit:
        fits = over
        if fits == left:
            return left
        over = min(2 * over, left)
    while over - fits > 1:
        middle = (fits + over) // 2
        if measure(text[start : start + middle]) <= limit:
            fits = middle
        else:
            over = middle
    if not fits:
        raise ValueError(f"{text[start]!r} alone is more than {limit}")
    return fits
