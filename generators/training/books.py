"""What printers and transcribers put around a text, taken out of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from generators.training.quotation import is_chinese

LONG_LINES: Final = 100  # characters of a line on average, where each is a paragraph; verse and turns have fewer
TURNS: Final = 5_000  # characters; a shorter text without blank lines is a conversation or a poem
WIDTH: Final = range(60, 90)  # characters of the longest lines of a text that was wrapped by hand
NOTES: Final = 0.1  # share of a text that may be footnotes at its end
LAST: Final = 200  # characters in which «The End» stands
ENDS: Final = 12  # paragraphs at either end of a book among which its transcribers speak

_EMPHASIS = re.compile(r"(?<![\w_=#])([_=#]+)(?=[^\s_=#])((?:[^_=#\n]|\n(?!\n))+?)(?<=\S)\1(?![\w_=#])")
_BRACKETS = re.compile(
    r"[ \n]?\[(?:\d{1,3}|[*†a-z]|\*[^\]]*"
    r"|(?:illustra|ilustra|abbildung|footnote|sidenote|transcriber|note[: ]|greek text|drawing|hierogl|see |dedication)"
    r"[^\]]*|[^\]\n]*\((?:итал|франц|фр|лат|нем|англ|исп|греч|польск)\.?\)|[^\]\n]*[—-] прим\.[^\]\n]*)\]",
    re.I,
)
_BRACED = re.compile(r" ?\{\d{1,3}\}")
_STARRED = re.compile(r"(?<=[\w.,;!?'\"]) ?(?<!\*)\*(?=\s|$)")  # what a footnote hung on
_DROPPED = re.compile(r"^[|^]+(?=[\w\"'])", re.M)  # before an initial that was a picture
_RULE = re.compile(r"^[ \t]*[*·•.=_~\-—–+ ]{3,}[ \t]*$", re.M)
_PICTURE = re.compile(r"^(?:\d{1,3} )?(?:full[ -]page )?(?:line-art drawing|illustration)s?\.?$", re.I | re.M)
_DASHES = re.compile(r"(?<!-)-{2,4}(?!-)")
_SPEECH = re.compile(r"^[-–](?=[\w¿¡])", re.M)
_SPACED_DOTS = re.compile(r" ?\.(?: \.){2,}")
_THE_END = re.compile(
    r"(?:(?:\s*\n|(?<=[.!?…。！？»\"'”’])[^\S\n]+)[\W_]*"
    r"(?:the end(?: of .{1,60})?|finis|fin|fin de .{1,40}|ende|schluß|конец|完|终|全书完)"
    r"[\W_]*)+\Z",
    re.I,
)
_TRANSCRIBED = re.compile(
    r"transcriber|gutenberg|proofread|hyphenation|table of contents|gutcheck|scanned by|\be-?text\b|^produced? by\b"
    r"|^a letter following a|^the spelling of \"",
    re.I,
)
_FIRST_NOTE = re.compile(r"^1$", re.M)
_CYRILLIC = re.compile(r"[а-я]{3}")


def transcribed(text: str) -> str:
    """Leaves out marks of italics, footnotes, pictures and ends; joins lines; one dash and one ellipsis."""
    if is_chinese(text):
        return _ended(re.sub(r"_{2,}", "——", text).replace("．", "。"))
    text = _paragraphs(text)
    for pattern, put in _MARKS:
        text = pattern.sub(put, text)
    text = _without_notes(re.sub(r"\n{3,}", "\n\n", text).strip())
    return _ended("\n\n".join(_spoken(text.split("\n\n"))))


_MARKS: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    (_EMPHASIS, r"\2"),
    (_BRACKETS, ""),
    (_BRACED, ""),
    (_RULE, ""),
    (_PICTURE, ""),
    (_STARRED, ""),
    (_DROPPED, ""),
    (_SPACED_DOTS, "..."),
    (re.compile("…"), "..."),
    (_DASHES, "—"),
    (_SPEECH, "—"),
)


def _ended(text: str) -> str:
    """A text without the words «The End»."""
    at = max(len(text) - LAST, 0)
    return text[:at] + _THE_END.sub("", text[at:])


def _paragraphs(text: str) -> str:
    """A blank line between paragraphs, also where each was a line or lines were wrapped by hand."""
    lines = [line.strip() for line in text.split("\n")]
    filled = [line for line in lines if line]
    if len(filled) < 4 or ("\n\n" not in text and len(text) < TURNS):
        return text
    breaks = sum(1 for line, after in pairwise(lines) if line and after)
    longest = sorted(map(len, filled))[-1 - len(filled) // 50]
    if breaks > len(filled) / 2 and longest in WIDTH and sum(map(len, filled)) > 0.8 * longest * len(filled):
        return _unwrapped(lines, longest)
    if breaks > len(filled) / 2 and sum(map(len, filled)) > LONG_LINES * len(filled):
        return "\n\n".join(filled)
    return "\n\n".join(map(_joined, text.split("\n\n"))) if breaks else text


def _unwrapped(lines: list[str], width: int) -> str:
    """Lines of one width as paragraphs, which end with a shorter line and a point."""
    parts: list[str] = []
    for line in lines:
        whole = len(line) < 0.93 * width and (not line or line[-1] in '.!?:…"»)' or len(line) < 0.5 * width)
        parts += [line, "\n\n" if whole else " "]
    return re.sub(r"\s*\n\s*", "\n\n", "".join(parts))


def _joined(block: str) -> str:
    """A paragraph whose lines go on in small letters, as no verse does, on one line."""
    lines = [line.strip() for line in block.strip("\n").split("\n")]
    after = [line for line in lines[1:] if line]
    if not after or len(lines[0]) < 30 or sum(line[0].islower() for line in after) <= len(after) / 2:
        return block
    return " ".join(lines)


def _without_notes(text: str) -> str:
    """A Russian text without the footnotes at its end, which stand below their numbers, and without those numbers."""
    last = _FIRST_NOTE.search(text, int(len(text) * (1 - NOTES)))
    if last is None or not _CYRILLIC.search(text, last.end()):
        return text
    count = sum(block.isdigit() for block in text[last.start() :].split("\n"))
    if count > 1 or len(text) - last.end() < 2000:
        numbers = "|".join(map(str, range(count, 0, -1)))
        hung = re.compile(rf"(?<=[^\W\d]) (?:{numbers})(?=[.,;:!?…»\"]|$)", re.M)  # «la femme 1.»
        return hung.sub("", text[: last.start()]).rstrip()
    return text


def _spoken(blocks: list[str]) -> list[str]:
    """The paragraphs without those in which transcribers speak of what they did."""
    most = len(blocks) - ENDS
    return [
        block
        for number, block in enumerate(blocks)
        if not ((number < ENDS or number >= most) and len(blocks) > 2 * ENDS and _TRANSCRIBED.search(block))
        and not (block.startswith("[") and block.endswith("]") and block.count("[") == 1)
    ]
