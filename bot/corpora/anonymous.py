"""Messages without what tells who wrote them, or whom they are about; all that is replaced is counted by kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from re import Match
from typing import Final

from bot.corpora.traces import MENTION, STAND_INS, TRACES, Trace

NAMES: Final = "names"
SHORT: Final = 3  # letters; a shorter name is a word, and only told from it where somebody is addressed
COMMON: Final = frozenset(  # words that are parts of names, such as «the» in «the dude»; without them nothing is learnt
    """
    the and you not for are was but his her all any can had has have him how its let new now old one our out own she
    too use who why yes that this with from they them your what when where just like man men guy bot user name
    der die das und ist nicht ein eine ich mit von les des une est pas que los las con por para una
    это как что нет они она его
    """.split()  # noqa: SIM905 -- words are read as words
)
_WORD: Final = re.compile(rf"{STAND_INS.pattern}|(?:\w(?:[\w'’]*\w)?)")
_DIGIT: Final = re.compile(r"\d")
_OWNED: Final = re.compile(r"['’]\w{0,2}$")  # «Ada's», «Ada’s», «Adas'»
_HIDDEN: Final = re.compile(  # may stand inside an address without being seen; joiners stay where they join emoji
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
    "|(?<=[\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f])"
)
_UNSPACED: Final = re.compile(  # scripts that put no space between words
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)


class Anonymiser:
    """Replaces traces of people.

    Args:
        names: of people, as they are shown or typed; each word of one is a name.
        kinds: of traces to replace; None for all.

    Attributes:
        replaced: how many of each kind: `names`, `mentions`, `ids`, `links`, `emails`, `phones`, `secrets`.
    """

    def __init__(self, names: Iterable[str] = (), kinds: Collection[str] | None = None) -> None:
        self.replaced: Counter[str] = Counter()
        self._traces = [trace for trace in TRACES if kinds is None or trace.kind in kinds]
        self._words: set[str] = set()
        self._unspaced: dict[str, None] = {}
        self._names: re.Pattern[str] | None = None
        for name in names:
            self.know(name)

    def know(self, name: str) -> None:
        """Takes a name for one from now on."""
        for found in _WORD.finditer(name):
            word = _plain(found[0])
            if _UNSPACED.search(word):
                if len(word) > 1 and word not in self._unspaced:
                    self._unspaced[word] = None
                    self._names = None
            elif len(word) >= SHORT and word not in COMMON and not word.isdecimal():
                self._words.add(word)

    def anonymous(self, text: str) -> str:
        """The text with stand-ins in brackets."""
        text = _HIDDEN.sub("", text)
        hinted = f"{text.lower()}{'0' if _DIGIT.search(text) else ''}"
        for trace in self._traces:
            if not trace.hints or any(hint in hinted for hint in trace.hints):
                text = self._without(trace, text)
        return self._without_names(text) if self._words or self._unspaced else text

    def _without(self, trace: Trace, text: str) -> str:
        def stand_in(found: Match[str]) -> str:
            told = found.expand(trace.stand_in) if isinstance(trace.stand_in, str) else trace.stand_in(found)
            self.replaced[trace.kind] += told != found[0]
            return told

        return trace.pattern.sub(stand_in, text)

    def _without_names(self, text: str) -> str:
        text = _WORD.sub(self._name, text)
        if not self._unspaced:
            return text
        if self._names is None:
            longest_first = sorted(self._unspaced, key=len, reverse=True)
            self._names = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
        text, count = self._names.subn(MENTION, text)
        self.replaced[NAMES] += count
        return text

    def _name(self, found: Match[str]) -> str:
        if _plain(found[0]) not in self._words:
            return found[0]
        self.replaced[NAMES] += 1
        return MENTION


def _plain(word: str) -> str:
    """A word as a name is looked up: however it is written, and whatever is its owner's."""
    return _OWNED.sub("", word.casefold()).strip("_")
