"""From a prompt to its texts: it is read as far as nobody has read it yet, and then each of its choices begins."""

from __future__ import annotations

from typing import Any

from generators.completion import Finished
from generators.engine.continuations import Continuations
from generators.engine.guarded import text_of
from generators.engine.guarded_units import unit_text_of
from generators.engine.meter import Meter
from generators.engine.orders import Orders
from generators.engine.schedule import Schedule
from generators.engine.states import States
from generators.engine.texts import Order
from generators.engine.tokens import TokenTable
from generators.engine.work import Echo, Member, Reading
from generators.model import Model
from generators.sampling import Floats
from generators.units import UnitMap


class Prompts:
    """Reads prompts.

    Args:
        model, table, unit_map: the engine's.
        schedule: where prompts wait to be read.
        orders: whose prompts they are.
        states: of what has been read before.
        continuations: take over the texts that begin.
        meter: counts what is read, and what need not be.
    """

    def __init__(
        self,
        model: Model[Any],
        table: TokenTable,
        unit_map: UnitMap,
        schedule: Schedule[Member],
        *,
        orders: Orders,
        states: States,
        continuations: Continuations,
        meter: Meter,
    ) -> None:
        self._model = model
        self._table = table
        self._unit_map = unit_map
        self._schedule = schedule
        self._orders = orders
        self._states = states
        self._continuations = continuations
        self._meter = meter

    def admit(self, order: Order) -> None:
        """Takes an order in; what is kept of its prompt need not be read again."""
        self._orders.add(order)
        echo = None if order.score_from is None else Echo(order, order.score_from, self._table, self._unit_map)
        known = order.fed if order.score_from is None else order.fed[: order.score_from]
        past = self._states.past(order.voice, known)
        reading = Reading(order, order.fed, past.state, past.length, past.logits, self._begin, echo)
        self._meter.found += reading.position
        self._meter.read += len(order.fed) - reading.position
        self._schedule.add(reading)
        if reading.over:
            self._meter.first_step(order)
            self._begin(reading)

    def _begin(self, reading: Reading) -> None:
        """The prompt has been read: its choices begin."""
        order, state, logits = reading.order, reading.state, reading.logits
        assert logits is not None
        self._schedule.remove(reading)
        self._states.keep(order.voice, order.fed, state, logits)
        if reading.echo is not None:
            reading.echo.close(logits)
        if not order.most:
            order.append(Finished(-1, "length", order.prompt_tokens, 0))
            self._orders.drop(order)
            return
        for choice in range(order.request.n):
            self._start(order, choice, self._model.fork(state) if choice else state, logits)

    def _start(self, order: Order, choice: int, state: Any, logits: Floats) -> None:
        unit = order.request.unit
        if unit is None:
            text = text_of(order, choice, state, self._table)
        else:
            text = unit_text_of(order, choice, state, self._table, unit, self._unit_map)
        order.texts.append(text)
        self._continuations.begin(text, logits)
