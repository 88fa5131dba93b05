"""The orders of one model: how they are held, how they end, and who is told of it."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Iterable
from typing import Final

from generators.completion import Finished
from generators.engine.draws import NotFinite
from generators.engine.meter import Meter
from generators.engine.stream import Bell
from generators.engine.texts import Order
from generators.engine.unit_texts import UnitText
from generators.engine.waiting import Waiting
from generators.errors import ModelFailed, UserError

_log: Final = logging.getLogger(__name__)


class Orders:
    """Those that are not over.

    Args:
        waiting: where their members and texts wait.
        meter: counts the failed ones, and knows the model's name.

    Attributes:
        left: choices that have been finished or dropped so far.
        ended: bells of readers whose last event came since they were last rung.
    """

    def __init__(self, waiting: Waiting, meter: Meter) -> None:
        self.left = 0
        self.ended: set[Bell] = set()
        self._waiting = waiting
        self._meter = meter
        self._orders: set[Order] = set()
        self._next_deadline = math.inf

    def add(self, order: Order) -> None:
        """Takes an order in."""
        self._orders.add(order)
        if order.deadline is not None:
            self._next_deadline = min(self._next_deadline, order.deadline)

    def hold(self, order: Order) -> None:
        """Takes no step for an order whose reader is behind; it keeps its place among those that may wait."""
        if order.gone:
            return
        members, ready = self._waiting.take_out((order, *order.inner))
        order.held, order.held_ready = [*order.held, *members], [*order.held_ready, *ready]

    def go_on(self, order: Order) -> None:
        """The reader has read what there was."""
        held, ready = order.held, order.held_ready
        order.held, order.held_ready = [], []
        if not order.gone:
            self._waiting.put_back(held, ready)

    def finished(self, order: Order) -> None:
        """One of an order's choices is finished; with the last one, it is."""
        if order.outer is None:
            self.left += 1
        order.unfinished -= 1
        if not order.unfinished:
            order.gone = True
            self._close(order, None)

    def drop(self, order: Order, fault: BaseException | None = None) -> None:
        """Forgets an order, whatever has become of it; a fault is told its reader."""
        if order.gone:
            return
        order.held, order.held_ready = [], []
        family = (order, *order.inner)
        for each in family:
            each.gone = True
        self._waiting.take_out(family)
        self.left += order.unfinished
        order.unfinished = 0
        self._close(order, fault)

    def expire(self, now: float) -> None:
        """Ends the texts whose time is over, with what there is."""
        if now < self._next_deadline:
            return
        for order in [order for order in self._orders if order.deadline is not None and order.deadline <= now]:
            try:
                self._give_up(order)
            except Exception as fault:
                self.fail([order], fault)
        self._next_deadline = min(
            (order.deadline for order in self._orders if order.deadline is not None), default=math.inf
        )

    def fail(self, orders: Iterable[Order], fault: Exception) -> None:
        """Ends these by a fault, and nobody else."""
        ended = {order.outer or order for order in orders}
        told = {order for order in ended if not order.gone}
        self._meter.failed += len(told)
        if told or not ended:  # else another choice's fault has been logged
            self._log_failure(told, fault)
        for order in ended:
            name = order.voice.info.name
            self.drop(order, fault if isinstance(fault, UserError) else ModelFailed(f"{name}: {fault}"))

    def _log_failure(self, orders: Collection[Order], fault: Exception) -> None:
        names = ", ".join(sorted({order.voice.info.name for order in orders}) or [self._meter.model])
        requests = f"{len(orders)} request{'' if len(orders) == 1 else 's'}"
        if isinstance(fault, NotFinite):  # known for what it is: where it came up says nothing more
            _log.error("the model %s failed, and with it %s: %s", names, requests, fault)
        else:
            _log.error("the model %s failed, and with it %s", names, requests, exc_info=fault)

    def fail_all(self, fault: Exception) -> None:
        """Ends every order by a fault."""
        self.fail(self._orders, fault)

    def end(self, fault: BaseException) -> None:
        """Ends every order because there will be no more steps."""
        for order in tuple(self._orders):
            self.drop(order, fault)

    def _give_up(self, order: Order) -> None:
        if not order.texts:
            for choice in range(order.request.n) if order.most else (-1,):
                order.append(Finished(choice, "deadline", order.prompt_tokens, 0))
        for text in order.texts:
            if not text.over:
                if isinstance(text, UnitText):
                    text.give_up()
                text.finish("deadline")
        self.drop(order)

    def _close(self, order: Order, fault: BaseException | None) -> None:
        """Nothing more will come: the memory is given back, and the reader told."""
        self._orders.discard(order)
        order.release()
        order.finish(fault)
        if order.bell is not None:
            self.ended.add(order.bell)
