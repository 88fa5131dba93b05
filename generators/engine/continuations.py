"""How a text goes on after a draw: it ends, is read anew, waits for alternatives, or takes the next step."""

from __future__ import annotations

from typing import Any

from generators.completion import Alternative, FinishReason
from generators.engine.alternatives import Alternatives
from generators.engine.intake import reserve, to_drop
from generators.engine.orders import Orders
from generators.engine.states import States
from generators.engine.texts import Text
from generators.engine.tokens import TokenTable
from generators.engine.unit_texts import UnitText
from generators.engine.waiting import Waiting
from generators.engine.work import Reading
from generators.model import Model
from generators.sampling import Floats, Row
from generators.units import UnitMap


class Continuations:
    """Sees to what texts need between a draw and the next.

    Args:
        model, table, unit_map: the engine's.
        waiting: where texts wait for their next draw.
        orders: are told of finished texts.
        states: keep what a finished text has come to, and know what others begin with.
    """

    def __init__(
        self,
        model: Model[Any],
        table: TokenTable,
        unit_map: UnitMap,
        waiting: Waiting,
        orders: Orders,
        states: States,
    ) -> None:
        self._waiting = waiting
        self._schedule = waiting.schedule
        self._orders = orders
        self._states = states
        self._context = model.info.context
        self._alternatives = Alternatives(
            model,
            table,
            unit_map,
            waiting.schedule,
            found=self._found,
            draw_next=self.draw_next,
        )

    def begin(self, text: Text, logits: Floats) -> None:
        """A new text, whose state has been through its prompt, goes on from these logits."""
        self._make_room(text)
        self.draw_next(text, logits)

    def draw_next(self, text: Text, logits: Floats) -> None:
        """A text outside the schedule, whose state has been through all of it, goes on from these logits."""
        if isinstance(text, UnitText) and text.wants_search:
            self._alternatives.look_for(text, text.state, logits)
        else:
            self._waiting.ready.append((text, logits))

    def go_on(self, text: Text, reason: FinishReason | None, row: Row) -> None:
        """Finishes a text, or sees to what it needs before its next step; it is in the schedule."""
        if reason is not None:
            self._finish(text, reason, row)
        elif text.turned_back:
            self._schedule.remove(text)
            self._read_back(text)
        elif isinstance(text, UnitText) and text.border is not None:
            self._schedule.remove(text)
            self._alternatives.look_for(text, *text.border)
        elif text.drawn >= text.room:
            self._schedule.remove(text)
            self._read_again(text)

    def _found(self, text: UnitText, alternatives: tuple[Alternative, ...], exact: bool, logits: Floats) -> None:
        """The alternatives that a text outside the schedule has waited for."""
        reason = text.found(alternatives, exact)
        if text.turned_back:
            self._read_back(text)
            return
        if reason is None and not text.pending:
            self.draw_next(text, logits)
            return
        self._schedule.add(text)
        self.go_on(text, reason, lambda: logits)

    def _finish(self, text: Text, reason: FinishReason, row: Row) -> None:
        """Ends a text in the schedule, whose state the row was drawn from."""
        self._schedule.remove(text)
        text.finish(reason)
        order = text.order
        if order.outer is None:
            read = text.ids[text.base : len(text.ids) - len(text.pending)]
            self._states.keep(order.voice, read, text.state, row())
        text.state = None  # whoever reads slowly keeps no memory of the model's
        self._orders.finished(order)

    def _read_again(self, text: Text) -> None:
        """The context is full: the text goes on after its later part alone."""
        assert self._context is not None
        text.base += max(1, to_drop(len(text.ids) - text.base + 1, self._context))
        text.pending = ()
        self._read(text, text.order.voice.start(), 0)

    def _read_back(self, text: Text) -> None:
        """The text has taken back what it drew last: it goes on after what is left of it."""
        text.turned_back = False
        if text.base >= len(text.ids):  # the context was full meanwhile
            text.base = to_drop(len(text.ids), self._context)
        left = text.ids[text.base :]
        past = self._states.past(text.order.voice, left[:-1])  # without the last token, whose logits are wanted
        self._read(text, past.state, past.length)

    def _read(self, text: Text, state: Any, position: int) -> None:
        """Lets a text go on after all of it is in this state, which has been through its first tokens."""
        self._make_room(text)

        def resume(reading: Reading) -> None:
            assert reading.logits is not None
            self._schedule.remove(reading)
            text.state = reading.state
            self.draw_next(text, reading.logits)

        self._schedule.add(Reading(text.order, text.ids[text.base :], state, position, None, resume))

    def _make_room(self, text: Text) -> None:
        """Counts the draws until the context is full; units need some of it for what is looked at ahead."""
        if self._context is not None:
            free = self._context - (len(text.ids) - text.base)
            if text.order.request.unit is not None:
                free -= reserve(self._context)
            text.room = text.drawn + max(1, free)
            text.brief = min(text.most, text.room)
