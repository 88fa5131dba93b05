"""Texts written unit by unit: tokens are drawn as ever, and handed out when they have become a word or a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from generators.completion import Alternative, FinishReason, Unit
from generators.engine.texts import Order, Text
from generators.engine.tokens import TokenTable
from generators.sampling import Floats, Row, log_normalisers, logprob_of_sum
from generators.units import GRAMMARS, Cursor, Kind, Phase, UnitMap, kind

TAIL: Final = 4  # tokens; a character is four bytes at most, and a token one byte at least


class Drawn(NamedTuple):
    """A token and the logarithm of its probability."""

    token: int
    logprob: float


class Border(NamedTuple):
    """A place between two tokens of a text; without a state where nobody will need one."""

    state: Any
    logits: Floats


class UnitText(Text):
    """One choice, written in units.

    That a unit has ended often shows only in the token after it. This token is carried over to the next unit; after
    the last unit it is dropped.

    Attributes:
        apart: what stands before ends with a whole word, which the next unit does not make longer.
        border: where the next unit begins, while alternatives for it are wanted.
        so_far: the alternatives that have been found, while more are looked for.
    """

    __slots__ = (
        "_alternatives",
        "_carried",
        "_cursor",
        "_doubt",
        "_exact",
        "_grammar",
        "_unit",
        "_unit_map",
        "apart",
        "border",
        "so_far",
    )

    def __init__(self, order: Order, choice: int, state: Any, table: TokenTable, unit: Unit, unit_map: UnitMap) -> None:
        super().__init__(order, choice, state, table)
        self._grammar = GRAMMARS[unit]
        self._unit_map = unit_map
        self._cursor = Cursor(self._grammar)
        self._unit: list[Drawn] = []
        self._carried: list[Drawn] = []
        self._doubt: tuple[int, Floats] | None = None  # where bytes began that may belong to the next unit
        self._alternatives: tuple[Alternative, ...] = ()
        self._exact = True
        self.border: Border | None = None
        self.so_far: Callable[[], tuple[Alternative, ...]] = tuple
        self.wants_search = order.request.logprobs != 0
        self.apart = order.request.after_unit and unit is Unit.WORD and _ends_in_run(table.joined(self.ids[-TAIL:]))
        self.allowed = unit_map.closing if self.apart else None

    def found(self, alternatives: tuple[Alternative, ...], exact: bool) -> FinishReason | None:
        """The alternatives for the unit that comes next; a token that waits for it is taken now."""
        self._alternatives, self._exact = alternatives, exact
        self.wants_search = False
        self.border = None
        self.so_far = tuple
        carried, self._carried = self._carried, []
        return self._follow(carried, None)

    def take(self, token: int, logprob: float, row: Row) -> FinishReason | None:
        self.advance(token)
        self.allowed = None
        return self._follow([Drawn(token, logprob)], row())

    def continue_from(self, other: Text) -> None:
        """Goes on as another text would, whose state it has been given."""
        self.ids = list(other.ids)
        self.base = other.base
        self.drawn = other.drawn
        self.heat = other.heat
        self.room = other.room

    def give_up(self) -> None:
        """The time is over before the unit was written: the likeliest alternative stands for it, if any was found."""
        found = self.so_far()
        exact = self._exact and not found
        for best in (found or self._alternatives)[:1]:
            data = self.table.joined(best.token_ids)
            self.outlet.put(best.token_ids, data, best.logprob, found or self._alternatives, exact=exact, last=True)

    def _follow(self, drawn: list[Drawn], logits: Floats | None) -> FinishReason | None:
        """Takes tokens into the unit; several where they were carried over from the last one."""
        while drawn:
            each = drawn.pop(0)
            reason, carried = self._step(each, logits)
            if reason is not None:
                return reason
            if self.turned_back:
                return None
            drawn = carried + drawn
            if drawn and self.wants_search:
                self._carried = drawn
                return None
        return None

    def _step(self, drawn: Drawn, logits: Floats | None) -> tuple[FinishReason | None, list[Drawn]]:
        """Takes one token; the reason to finish, or the tokens that belong to the next unit."""
        cursor, unit = self._cursor, self._unit
        if drawn.token == self.table.end:
            if cursor.phase is Phase.FRESH and not cursor.pending:
                unit.append(drawn)
                return "stop" if self._close(last=True) else "end", []
            return self._close_before(len(unit), [drawn], logits)
        began_whole, length = not cursor.pending, len(unit)
        taken = cursor.feed(self.table.bytes[drawn.token])
        if taken == 0 and unit:
            if began_whole or self._doubt is None:
                return self._close_before(length, [drawn], logits)
            length, before = self._doubt
            return self._close_before(length, [*unit[length:], drawn], before)
        unit.append(drawn)
        if taken is None and (cursor.pending or len(unit) < self._grammar.longest):
            if began_whole and cursor.pending and logits is not None:
                self._doubt = length, logits
            return None, []
        if self._goes_back():
            return None, []
        stopped = self._close()
        return "stop" if stopped else "length" if self.pieces >= self.most else None, []

    def _close_before(
        self, length: int, carried: list[Drawn], logits: Floats | None
    ) -> tuple[FinishReason | None, list[Drawn]]:
        """Ends the unit after `length` tokens; the logits are those that the first carried token was drawn from."""
        del self._unit[length:]
        if self._goes_back():
            return None, []
        closing = 0.0
        if logits is not None and self._grammar is GRAMMARS[Unit.WORD]:
            closing = closing_logprob(logits, self._unit_map)
        if self._close(closing):
            return "stop", []
        if self.pieces >= self.most:
            self.drawn -= len(carried)
            return "length", []
        if self.wants_search:
            if logits is not None and len(carried) == 1:
                self.border = Border(self.state, logits)
            else:  # bytes of the next unit have been read already, and a state cannot be turned back
                self.wants_search = self._exact = False
        return None, carried

    def _goes_back(self) -> bool:
        """Whether the unit may not be handed out as it is, and the text has gone back behind a part of it."""
        return False

    def _close(self, closing: float = 0.0, *, last: bool = False) -> bool:
        """Hands the unit out and begins the next; True where a stop text is complete."""
        tokens = tuple([drawn.token for drawn in self._unit])
        data = self.table.joined(tokens)
        logprob = sum([drawn.logprob for drawn in self._unit], closing)
        text = "" if tokens[-1] == self.table.end else data.decode("utf-8", "replace")
        for alternative in self._alternatives:
            if alternative.text == text:
                logprob = alternative.logprob
        self.pieces += 1
        last = last or self.pieces >= self.most
        alternatives, exact = self._alternatives, self._exact
        self._unit = []
        self.apart = self._grammar is GRAMMARS[Unit.WORD] and self._cursor.phase is Phase.OPEN
        self._cursor = Cursor(self._grammar)
        self._doubt = None
        self._alternatives, self._exact = (), True
        self.wants_search = self.order.request.logprobs != 0
        return self.outlet.put(tokens, data, logprob, alternatives, exact=exact, last=last)


def _ends_in_run(data: bytes) -> bool:
    """Whether the last character is one that makes words."""
    last = data.decode("utf-8", "ignore")[-1:]
    return bool(last) and kind(last) is Kind.RUN


def closing_logprob(logits: Floats, unit_map: UnitMap) -> float:
    """Log probability that a word ends here: that any token follows which begins another unit."""
    return logprob_of_sum(logits[unit_map.closing]) - float(log_normalisers(logits))
