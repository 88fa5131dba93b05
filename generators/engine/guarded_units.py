"""Texts in units that never repeat their model's training text: a unit that would complete a run is drawn again."""

from __future__ import annotations

from typing import Any

from generators.completion import FinishReason, Unit
from generators.engine.guarding import Guarding, Redraws, outlet_of, token_at
from generators.engine.texts import Order, Text
from generators.engine.tokens import TokenTable
from generators.engine.unit_texts import UnitText
from generators.sampling import Row
from generators.units import Cursor, UnitMap


class GuardedUnitText(UnitText):
    """One choice, unit by unit: one that would complete a run is drawn again."""

    __slots__ = ("_begun", "_guarding", "_redraws", "_usual", "watch")

    def __init__(
        self,
        order: Order,
        choice: int,
        state: Any,
        table: TokenTable,
        unit: Unit,
        unit_map: UnitMap,
        guarding: Guarding,
    ) -> None:
        super().__init__(order, choice, state, table, unit, unit_map)
        self._guarding = guarding
        self.watch = guarding.watch(order.request.prompt)
        self._redraws = Redraws()
        self._usual = self.uniforms
        self._begun = len(self.ids)  # where the unit begins among them
        self.outlet = outlet_of(order, choice, self.watch)

    def take(self, token: int, logprob: float, row: Row) -> FinishReason | None:
        self.uniforms = self._usual
        return super().take(token, logprob, row)

    def continue_from(self, other: Text) -> None:
        super().continue_from(other)
        assert isinstance(other, GuardedUnitText)
        self.watch = other.watch.copy()
        self._begun = len(self.ids)

    def refuses(self, text: str) -> bool:
        """Whether a unit may not come next, because it would complete a run."""
        return self.watch.repeated(text.encode()) is not None

    def _goes_back(self) -> bool:
        spelt = [self.table.bytes[drawn.token] for drawn in self._unit]
        repeated = self.watch.repeated(b"".join(spelt))
        if repeated is None:
            return False
        kept = token_at(spelt, repeated)
        del self._unit[kept:]
        self._cursor = Cursor(self._grammar)
        for data in spelt[:kept]:
            self._cursor.feed(data)
        self._doubt = None
        self._redraws.go_back(self, self._begun + kept, self._guarding)
        if self.apart and not kept and self.allowed is not None:
            self.allowed &= self._unit_map.closing
        return True

    def _close(self, closing: float = 0.0, *, last: bool = False) -> bool:
        self._begun += len(self._unit)
        self.watch.read(self.table.joined([drawn.token for drawn in self._unit]))
        return super()._close(closing, last=last)


def unit_text_of(
    order: Order,
    choice: int,
    state: Any,
    table: TokenTable,
    unit: Unit,
    unit_map: UnitMap,
) -> UnitText:
    """A text in units, guarded where its model is."""
    guarding = order.voice.guarding
    if guarding is None:
        return UnitText(order, choice, state, table, unit, unit_map)
    return GuardedUnitText(order, choice, state, table, unit, unit_map, guarding)
