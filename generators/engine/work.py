"""What takes steps of the model besides writing: reading a prompt, and searching for alternatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from generators.completion import Unit
from generators.engine.outlet import Outlet
from generators.engine.search import WIDTH, Search
from generators.engine.texts import Order, Text
from generators.engine.tokens import TokenTable
from generators.engine.unit_texts import UnitText, closing_logprob
from generators.sampling import Floats, log_normalisers
from generators.units import GRAMMARS, Cursor, Phase, UnitMap

CHUNK: Final = 64  # tokens of a prompt in a step that others share, so that their next token does not wait long
ECHO: Final = -1  # choice of echoed pieces
ALTERNATIVE: Final = 30  # logits that take as much memory as an alternative: 120 bytes of Python's objects for 4


class Reading:
    """A prompt, or what is left of a text whose context was full, on its way into a state.

    Args:
        order: whose it is.
        tokens: to be read.
        state: the model's, which has been through the first `position` of the tokens.
        logits: after these; None where there are none yet.
        done: is called with itself after the last token.
        echo: gives the tokens out as they are scored.
    """

    width = 1

    def __init__(
        self,
        order: Order,
        tokens: Sequence[int],
        state: Any,
        position: int,
        logits: Floats | None,
        done: Callable[[Reading], None],
        echo: Echo | None = None,
    ) -> None:
        self.order = order
        self.user = order.user
        self.priority = order.priority
        self.tokens = tokens
        self.state = state
        self.position = position
        self.logits = logits
        self.done = done
        self.echo = echo
        self.chunk = CHUNK

    @property
    def over(self) -> bool:
        return self.position == len(self.tokens)

    @property
    def wants_all(self) -> bool:
        """Whether logits are needed after each token of the next chunk, not only after the last."""
        return self.echo is not None and self.position + self.chunk >= self.echo.start

    def shorten(self, logits: int) -> None:
        """Cuts the next chunk to what so many logits score where all are wanted, or to what is read without them."""
        if self.echo is None or not self.wants_all:
            return
        unscored = self.echo.start - 1 - self.position
        self.chunk = max(1, min(self.chunk, max(logits // self.echo.cost, unscored)))

    def rows(self) -> list[tuple[Any, Sequence[int]]]:
        """The next chunk."""
        return [(self.state, self.tokens[self.position : self.position + self.chunk])]

    def take(self, answers: Sequence[Floats]) -> None:
        """Logits after the chunk, or after each of its tokens where all are wanted."""
        (logits,) = answers
        ((_, chunk),) = self.rows()
        if self.wants_all and self.echo is not None:
            before = logits[:-1] if self.logits is None else np.vstack((self.logits, logits[:-1]))
            self.echo.take(self.position + (self.logits is None), chunk[len(chunk) - len(before) :], before)
            logits = logits[-1]
        self.logits = logits
        self.position += len(chunk)
        if self.over:
            self.done(self)


class Echo:
    """Scores a prompt's tokens and gives them out: each by itself, or all as one piece where a unit is named.

    Args:
        order: whose prompt.
        start: place of the first token to be scored.

    Attributes:
        cost: logits that take as much memory as a token that is scored: its own, or the alternatives that they become.
    """

    def __init__(self, order: Order, start: int, table: TokenTable, unit_map: UnitMap) -> None:
        size, wanted = len(table.bytes), order.request.logprobs
        self.start = start
        self.cost = max(size, ALTERNATIVE * (size if wanted is None else min(wanted, size)))
        self._order = order
        self._table = table
        self._unit_map = unit_map
        self._outlet = Outlet(ECHO, order.append)
        self._scored: list[int] = []
        self._logprob = 0.0

    def take(self, place: int, tokens: Sequence[int], before: Floats) -> None:
        """Tokens from this place on, and the logits that each was predicted with."""
        skipped = max(0, self.start - place)
        tokens, before = tokens[skipped:], before[skipped:]
        if not tokens:
            return
        logprobs = (before[np.arange(len(tokens)), tokens] - log_normalisers(before)).tolist()
        wanted = self._order.request.logprobs
        for token, logprob, logits in zip(tokens, logprobs, before, strict=True):
            if self._order.request.unit is not None:
                self._scored.append(token)
                self._logprob += logprob
            else:
                alternatives = () if wanted == 0 else self._table.alternatives(logits, wanted)
                self._outlet.put(self._table.alone[token], self._table.bytes[token], logprob, alternatives)

    def close(self, logits: Floats) -> None:
        """All has been read, up to these logits."""
        unit = self._order.request.unit
        if unit is None or not self._scored:
            self._outlet.flush(last=True)
            return
        data = self._table.joined(self._scored)
        if unit is Unit.WORD and _is_open(data):
            self._logprob += closing_logprob(logits, self._unit_map)
        self._outlet.put(tuple(self._scored), data, self._logprob, last=True)


def _is_open(data: bytes) -> bool:
    """Whether a text ends within a word, which any further letter would make another word."""
    text = data.decode("utf-8", "replace")
    while text:
        cursor = Cursor(GRAMMARS[Unit.WORD])
        if cursor.feed(text.encode()) is None:
            return cursor.phase is Phase.OPEN
        text = text[len(cursor.text) :]
    return False


class Searching:
    """A search for the alternatives of a text's next unit, which the text waits for.

    Args:
        logits: that the search began with; the text's next token is drawn from them afterwards.
        done: is called with itself when the search is over.
    """

    width = WIDTH
    wants_all = False

    def __init__(self, text: UnitText, search: Search, logits: Floats, done: Callable[[Searching], None]) -> None:
        self.order = text.order
        self.user = text.user
        self.priority = text.priority
        self.text = text
        self.search = search
        self.logits = logits
        self.done = done
        self._rows = search.wanted()

    @property
    def over(self) -> bool:
        """Whether there is nothing to be read any more."""
        return not self._rows

    def rows(self) -> list[tuple[Any, Sequence[int]]]:
        """Prefixes to be read."""
        return list(self._rows)

    def take(self, answers: Sequence[Floats]) -> None:
        """Logits of the prefixes."""
        self.search.take(answers)
        self._rows = self.search.wanted()
        if self.over:
            self.done(self)


Member: TypeAlias = Text | Reading | Searching
