"""The likeliest next units with their probabilities over everything that could stand there.

Prefixes grow from a max-heap by log probability, several at a time in one step of the model. A word's probability is
that of its tokens times that of anything beginning a new unit after them; token paths that spell the same text add up.
Once the best open prefix is below the n-th closed unit, no single path can bring another unit among the first n. Other
spellings of those that are among them are then still followed, as far as they are worth anything. What can be missing
is a unit whose every spelling stays below that bound and whose spellings only together exceed it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from heapq import heappop, heappush, nlargest
from typing import Any, Final

import numpy as np

from generators.completion import Alternative, Unit
from generators.sampling import Floats, log_softmax, logprob_of_sum, ranked
from generators.units import GRAMMARS, Cursor, Phase, UnitMap
from generators.vocabulary import Vocabulary

WIDTH: Final = 16  # prefixes read in one step
BUDGET: Final = 256  # prefixes read in one search
WORTH: Final = math.log(0.01)  # against the n-th unit: spellings below that change no digit that is shown
FIRST_CHILDREN: Final = 32  # of a prefix, ranked at once; most prefixes never need as many


class _Prefix:
    """An open prefix that the model has read: its children wait in the order of their probability."""

    __slots__ = ("cursor", "logprob", "logprobs", "order", "possible", "rank", "state", "tokens")

    def __init__(self, state: Any, tokens: tuple[int, ...], cursor: Cursor, logprob: float) -> None:
        self.state = state
        self.tokens = tokens
        self.cursor = cursor
        self.logprob = logprob
        self.order: list[int] = []
        self.logprobs: list[float] = []
        self.possible: tuple[Floats, Any] | None = None
        self.rank = 0


class _Closed:
    """A complete unit: the sum over its paths, and the likeliest path."""

    __slots__ = ("best", "logprob", "tokens")

    def __init__(self) -> None:
        self.logprob = -math.inf
        self.best = -math.inf
        self.tokens: tuple[int, ...] = ()


class Search:
    """One search; whoever owns the model asks for `wanted` prefixes, extends them and hands the logits back.

    Args:
        unit: token or word.
        n: alternatives wanted.
        state: of the text so far; never changed.
        logits: after the text so far.
        apart: the text so far ends with a whole word, which no unit may make longer.
        fork: the model's.
        longest: tokens after which a unit ends wherever it stands; None for the grammar's own limit.
        refuses: says which units are not to be found.
    """

    def __init__(
        self,
        unit: Unit,
        n: int,
        state: Any,
        logits: Floats,
        *,
        vocabulary: Vocabulary,
        unit_map: UnitMap,
        fork: Callable[[Any], Any],
        apart: bool = False,
        width: int = WIDTH,
        budget: int = BUDGET,
        longest: int | None = None,
        refuses: Callable[[str], bool] | None = None,
    ) -> None:
        self._unit = unit
        self._n = n
        self._vocabulary = vocabulary
        self._map = unit_map
        self._fork = fork
        self._width = width
        self._longest = GRAMMARS[unit].longest if longest is None else min(longest, GRAMMARS[unit].longest)
        self._left = budget
        self._refuses = refuses
        self._heap: list[tuple[float, int, _Prefix]] = []
        self._pushed = 0  # breaks ties, so that prefixes are never compared
        self._closed: dict[str, _Closed] = {}
        self._floor = -math.inf  # log probability of the n-th closed unit
        self._asked: list[_Prefix] = []
        self._rank(_Prefix(state, (), Cursor(GRAMMARS[unit]), 0.0), logits, apart=apart)

    def wanted(self) -> list[tuple[Any, tuple[int, ...]]]:
        """States to extend, each by one token; empty once the search is over."""
        self._asked = []
        self._follow(0.0, None)
        if not self._asked and self._left and self.exact:
            best = sorted(self._closed, key=lambda text: -self._closed[text].logprob)[: self._n]
            self._follow(WORTH, frozenset([text.encode() for text in best]))
        self._left -= len(self._asked)
        return [(prefix.state, prefix.tokens[-1:]) for prefix in self._asked]

    def _follow(self, worth: float, only: frozenset[bytes] | None) -> None:
        """Takes prefixes from the heap that are worth it against the n-th unit; other spellings of some units only."""
        while self._heap and len(self._asked) < min(self._width, self._left):
            if -self._heap[0][0] <= self._floor + worth:
                return
            _, _, parent = heappop(self._heap)
            if only is not None and not _leads_to(parent.cursor, only):
                continue
            token, logprob = parent.order[parent.rank], parent.logprob + parent.logprobs[parent.rank]
            parent.rank += 1
            self._push(parent)
            self._grow(parent, token, logprob, only)

    def take(self, logits: Sequence[Floats]) -> None:
        """The logits of the prefixes that were wanted, in their order."""
        for prefix, row in zip(self._asked, logits, strict=True):
            self._rank(prefix, row)

    @property
    def exact(self) -> bool:
        """Whether the first n are certain, but for spellings: no open prefix alone could still overtake them."""
        return not self._heap or -self._heap[0][0] <= self._floor

    def alternatives(self) -> tuple[Alternative, ...]:
        """The likeliest units found so far, the likeliest first."""
        best = sorted(self._closed.items(), key=lambda item: (-item[1].logprob, item[0]))[: self._n]
        return tuple(
            Alternative(closed.tokens or tuple(self._vocabulary.encode(text)), text, closed.logprob, end=not text)
            for text, closed in best
        )

    def _grow(self, parent: _Prefix, token: int, logprob: float, only: frozenset[bytes] | None) -> None:
        """Closes a unit with the token, or asks for the longer prefix."""
        data = self._vocabulary.bytes[token]
        if only is not None and self._unit is Unit.TOKEN and not _begins(only, parent.cursor, data):
            return
        tokens = (*parent.tokens, token)
        cursor = parent.cursor.branch()
        if cursor.feed(data) is None:
            if only is not None and not _leads_to(cursor, only):
                return
            if len(tokens) < self._longest:
                self._asked.append(_Prefix(self._fork(parent.state), tokens, cursor, logprob))
                return
            if cursor.pending:
                return
        if "�" not in cursor.text:
            spelt = b"".join([self._vocabulary.bytes[each] for each in tokens])
            self._close(cursor.text, logprob, tokens if spelt == cursor.text.encode() else ())

    def _rank(self, prefix: _Prefix, logits: Floats, *, apart: bool = False) -> None:
        """Closes what the prefix already is and lines up its children."""
        logprobs = log_softmax(logits)
        cursor = prefix.cursor
        if not cursor.pending:
            if cursor.phase is Phase.FRESH:
                end = self._vocabulary.end
                self._close("", prefix.logprob + float(logprobs[end]), (end,))
            elif self._unit is Unit.WORD:
                self._close(cursor.text, prefix.logprob + logprob_of_sum(logprobs[self._map.closing]), prefix.tokens)
        possible = self._map.children(self._unit, cursor)
        if apart:
            possible = possible & self._map.closing
        ids = np.flatnonzero(possible)
        prefix.possible = logprobs[ids], ids
        self._line_up(prefix, FIRST_CHILDREN)
        self._push(prefix)

    def _line_up(self, prefix: _Prefix, most: int | None) -> None:
        """Ranks the prefix's children that are worth anything by now; None for all of them."""
        assert prefix.possible is not None
        logprobs, ids = prefix.possible
        worth = logprobs > self._floor + WORTH - prefix.logprob
        logprobs, ids = logprobs[worth], ids[worth]
        places, prefix.logprobs = ranked(logprobs, most)
        prefix.order = ids[places].tolist()
        prefix.possible = None if most is None or len(ids) <= most else (logprobs, ids)

    def _push(self, prefix: _Prefix) -> None:
        """Puts the prefix's next child into the heap."""
        if prefix.rank == len(prefix.order) and prefix.possible is not None:
            self._line_up(prefix, None)
        if prefix.rank < len(prefix.order):
            self._pushed += 1
            heappush(self._heap, (-prefix.logprob - prefix.logprobs[prefix.rank], self._pushed, prefix))

    def _close(self, text: str, logprob: float, tokens: tuple[int, ...]) -> None:
        if logprob == -math.inf or (self._refuses is not None and text not in self._closed and self._refuses(text)):
            return
        closed = self._closed.setdefault(text, _Closed())
        closed.logprob = float(np.logaddexp(closed.logprob, logprob))
        if tokens and logprob > closed.best:
            closed.best, closed.tokens = logprob, tokens
        if closed.logprob > self._floor and len(self._closed) >= self._n:
            self._floor = nlargest(self._n, (each.logprob for each in self._closed.values()))[-1]


def _begins(units: Collection[bytes], cursor: Cursor, data: bytes) -> bool:
    """Whether these bytes, after what a prefix is already, begin one of these tokens' texts."""
    begun = cursor.text.encode() + cursor.pending + data
    return any(unit.startswith(begun) for unit in units)


def _leads_to(cursor: Cursor, units: Collection[bytes]) -> bool:
    """Whether a prefix may still become one of these units, or is one that its next character may close."""
    text = cursor.text.encode()
    begun = text + cursor.pending
    if b"" in units and cursor.phase is Phase.FRESH and not cursor.pending:
        return True  # white space that nothing follows is the end
    return (bool(cursor.pending) and text in units) or any(unit.startswith(begun) for unit in units)
