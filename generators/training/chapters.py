"""Books as their tales and chapters, in several languages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

BOOK: Final = 20_000  # characters; no tale, chapter or article that should stay whole is much longer
CHAPTER: Final = 400  # characters; shorter stretches between headings are contents, dedications and rhymes
HEADING: Final = 70  # characters; longer lines in capitals are sentences on signs and gravestones
NUMBERED: Final = 240  # characters of a heading with a number, such as «CHAPTER I. In which …»
ASIDE: Final = 40_000  # characters; what is longer is no preface, but its chapters have no headings
PROSE: Final = 150  # characters of a paragraph that a heading without capitals stands above
AFTER_NUMBER: Final = (".", ":", "—", "-")
FEW: Final = 12  # numbers; fewer tell nothing
BEGINNING: Final = 12  # paragraphs in which a short text's title, author and motto stand

_KINDS = (
    "chapter|book|part|letter|stave|story|act|scene|volume|canto|adventure|chap|night|tale|fit|"
    "kapitel|buch|teil|theil|band|abschnitt|abenteuer|akt|szene|"
    "chapitre|livre|partie|tome|acte|scène|nuit|épisode|"
    "cap[ií]tulo|libro|parte|tomo|acto|escena|jornada|"
    "глава|часть|книга|том|действие|явление|сцена|картина|отделение"
)
_ORDINAL = (
    r"(?:the\s+)?(?:first|second|third|last|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty\S*"
    r"|\w+teen|\w+th)"
    r"|(?:ein|erst|zweit|dritt|viert|fünft|sechst|siebent?|acht|neunt|zehnt|elft|zwölft|letzt|\w+zehnt|\w+zigst)e?[rsn]?"
    r"|premi[eè]re?|seconde?|(?:deux|trois|quatr|cinqu|six|sept|huit|neuv|dix|onz|douz|trent|vingt)\w*i[èe]me|derni[eè]re?"
    r"|(?:primer|segund|tercer|cuart|quint|sext|s[eé]ptim|octav|noven|d[eé]cim|[uú]ltim|und[eé]cim|\w+[eé]sim)[oa]?"
    r"|(?:перв|втор|трет|четв|пят|шест|седьм|восьм|девят|десят|\w+надцат|двадцат|последн)\w*"
)
_COUNT = r"[\divxlcdm]+"
_NUMBERED = re.compile(
    rf"(?:{_KINDS})\.?\s+(?:{_COUNT}|{_ORDINAL})\b|(?:(?:der|die|das|the|la|le|el)\s+)?(?:{_ORDINAL})\s+(?:{_KINDS})\b"
    rf"|(?:{_COUNT}|{_ORDINAL})(?:[.)]?\s+[-–—]+\s+|\.\s*[-–—]+\s*)(?-i:[A-ZÀ-ÞА-Я])"
    r"|第[\d零〇一二三四五六七八九十百两]+[回章节卷]",
    re.I,
)
_NUMBER = re.compile(rf"{_COUNT}|(?:{_ORDINAL})", re.I)
_NUMBERED_TITLE = re.compile(r"(?:[IVXLC]+\.|\d{1,3}\.?)\s+[A-ZÀ-Ý«\"]")
_SMALL_WORD = re.compile(r"[a-z]{1,4}|[a-z]+['’]s?")
_PARTS = re.compile(
    r"(?:prologue?s?|epilogue?|épilogue|pr[oó]logo|ep[ií]logo|einführung|einleitung|schluß|nachwort|conclusion|conclusión"
    r"|пролог|эпилог|заключение|эпиграф|楔子|引子)",
    re.I,
)
_ASIDES = re.compile(
    r"(?:the |author's |to the |editor's |translator's )*(?:preface|foreword|introduction|introductory note|contents"
    r"|list of .*|illustrations|notes?|notes (?:and|to|on) .*|footnotes?|glossary|index|bibliography|dedication"
    r"|appendix.*|reader|sources?|acknowledge?ments?|transcriber's.*|advertisements?|pronunciation"
    r"|vorwort|vorrede|inhalt|inhaltsverzeichnis|anmerkungen?"
    r"|préface|avant-propos|table(?: des matières)?|notes? de .*|dédicace"
    r"|prefacio|[ií]ndice|notas?|tasa|testimonio de las erratas|el rey|advertencia|dedicatoria"
    r"|предисловие|примечани[ея].*|оглавление|содержание|комментарии|действующие лица)\.?",
    re.I,
)
_AROUND = " *_=#-–—·.:[]()\n\t"
_ENGLISH = re.compile(r" the ", re.I)
_CAPITALS = r"[A-ZÀ-Þ][A-ZÀ-Þ'-]*"
_BEGUN = re.compile(
    rf"[\"']{{0,2}}((?:{_CAPITALS}(?:\. |, | ))*{_CAPITALS}[A-ZÀ-Þ])(?=[,;:.!?]*[\"']?[ —][\"']?[\w\"'—(])"
)
_POINT = frozenset(".!?…。！？")
_CLOSED = (*_POINT, '"', "'", "”", "’", "»", ")", "」", "』")
_UNOPENED = re.compile(r'[^"\n]{1,300}[,?!]" [a-z]')  # where the mark was part of a picture
_REFERENCE = re.compile(  # what learned editors put below a tale, or instead of one
    r"(?:from|taken from|translated from|source:?) (?-i:[\"'A-Z])[^\n]{1,120}$"
    r"|(?:sources?|parallels?|remarks?|footnotes?)[.:]"
    r"|\d{1,2}\.? [^\n]{1,300}\((?:франц|фр|нем|лат|итал|англ|исп|польск)\.?\)[^\n]{0,100}$",
    re.I,
)


def stories(text: str) -> list[str]:
    """Tales and chapters of a book, without headings, contents, prefaces and notes; a shorter text without its title.

    Each begins with a paragraph of a sentence at least, in small letters, and ends with one.
    """
    blocks = _unpaged([block for block in text.split("\n\n") if block.strip()])
    if len(text) < BOOK:
        return [_shorter(text, blocks)]
    parts: list[tuple[str, list[str]]] = [("", [])]
    titled = len(_ENGLISH.findall(text, 0, 200_000)) * 200 > min(len(text), 200_000)  # whose titles have capitals
    for number, block in enumerate(blocks):
        if _is_heading(block) or _is_title(blocks, number, titled):
            parts.append((block.strip(_AROUND), []))
        else:
            parts[-1][1].append(block)
    found = (_trimmed(inside) for heading, inside in parts if not _is_aside(heading, inside))
    return [_begun(story) for story in found if len(story) >= CHAPTER]


def _unpaged(blocks: Sequence[str]) -> list[str]:
    """Paragraphs without the numbers of pages, which unlike those of chapters leave some out; joined across pages."""
    pages = [int(number[0]) for block in blocks if (number := re.fullmatch(r"\d{1,3}", block.strip(_AROUND)))]
    steps = sum(after == before + 1 for before, after in pairwise(pages))
    paged = len(pages) > FEW and steps < len(pages) / 2
    kept: list[str] = []
    for block in blocks:
        if paged:
            block = re.sub(r"^\d{1,3}(?:\s+(?=\w)|$)", "", block.strip())
        if kept and len(kept[-1]) > HEADING and block[:1].islower() and kept[-1][-1].isalpha():
            kept[-1] = f"{kept[-1]} {block}"
        elif block:
            kept.append(block)
    return kept


def _shorter(text: str, blocks: Sequence[str]) -> str:
    """A text that is no book, without its title and the numbers of its parts; very short ones as they are."""
    kept = [block for block in blocks if not _is_number(block)]
    for at, block in enumerate(kept[:BEGINNING]):
        if _is_sentence(block) and not _is_heading(block):
            story = _trimmed(kept[at:])
            return _begun(story) if len(story) >= CHAPTER else text
    return text


def _is_heading(block: str) -> bool:
    line = " ".join(block.strip(_AROUND).split())
    if not line or len(line) > NUMBERED or block.lstrip()[0] in "\"'“«":
        return False
    numbered = _NUMBERED.match(line)
    if numbered and (
        len(line) <= HEADING
        or numbered[0].isupper()
        or line.startswith(AFTER_NUMBER, numbered.end())
        or line[0] == "第"
    ):
        return line[-1] not in "\"'”»,"
    if len(line) > HEADING:
        return line.isupper() and "\n" in block.strip()
    if _is_number(line) or _PARTS.fullmatch(line) or _ASIDES.fullmatch(line) or line.isupper():
        return True
    return bool(_NUMBERED_TITLE.match(line) and line[-1] not in ",;.:")


def _is_number(block: str) -> bool:
    return bool(_NUMBER.fullmatch(block.strip(_AROUND)))


def _is_title(blocks: Sequence[str], number: int, titled: bool) -> bool:
    """Whether a line is a title without a number: «The Cat and the Mouse in Partnership», «Kalif Storch».

    Args:
        titled: the language writes the words of a title with capitals; otherwise it takes the paragraphs around it.
    """
    line = blocks[number].strip(" *_\n")
    if not line or "\n" in line or len(line) > HEADING or not line[-1].isalpha() or not line[0].isupper():
        return False
    words = line.split()
    if titled:
        return len(words) > 1 and all(w[0].isupper() or _SMALL_WORD.fullmatch(w) for w in words)
    after = next(iter(blocks[number + 1 : number + 2]), "")
    before = blocks[number - 1] if number else "."
    return "," not in line and len(after) >= PROSE and _is_prose(after) and before.rstrip()[-1] in _POINT


def _is_aside(heading: str, blocks: Sequence[str]) -> bool:
    """Whether what stands below a heading is no story but its maker's words."""
    return bool(_ASIDES.fullmatch(heading)) and sum(map(len, blocks)) < ASIDE


def _trimmed(blocks: Sequence[str]) -> str:
    """From the first paragraph that a story may begin with to the last that it may end with."""
    first = next((at for at, block in enumerate(blocks) if _is_prose(block)), len(blocks))
    last = len(blocks)
    while last > first and (not blocks[last - 1].rstrip().endswith(_CLOSED) or _REFERENCE.match(blocks[last - 1])):
        last -= 1
    return "\n\n".join(blocks[first:last])


def _is_prose(block: str) -> bool:
    """Whether a document may begin with it: a paragraph of at least a sentence, no contents, byline or verse."""
    if "\n" in block or block[0].islower() or _REFERENCE.match(block):
        return False
    return _is_sentence(block) and (len(block) > HEADING or block[0] in '"—“')


def _is_sentence(block: str) -> bool:
    return not block.isupper() and len(block) > 20 and any(mark in _POINT for mark in block)


def _begun(story: str) -> str:
    """A story whose first words are no longer in capitals, as printers set them, and whose first speech is opened."""
    if _UNOPENED.match(story):
        story = f'"{story}'
    capitals = _BEGUN.match(story)
    if capitals is None or len(capitals[1]) > HEADING:
        return story
    words = re.split(r"([ ,.-]+)", capitals[1])
    changed = "".join(_small(word, story, first=at == 0) for at, word in enumerate(words))
    return story[: capitals.start(1)] + changed + story[capitals.end(1) :]


def _small(word: str, story: str, *, first: bool) -> str:
    """A word in small letters, but for its first one where the story writes it so, or it begins a sentence."""
    named = word.capitalize()
    if first or word == "I" or word.startswith("I'") or (f" {named}" in story and f" {word.lower()}" not in story):
        return word[0] + word[1:].lower() if word else word
    return word.lower()
