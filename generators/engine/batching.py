"""Continuous batching: orders come and go between two steps of their model. One thread calls all of this."""

from __future__ import annotations

import time
from typing import Any

from generators.engine.continuations import Continuations
from generators.engine.faults import Faults, Shortages
from generators.engine.meter import METERS
from generators.engine.orders import Orders
from generators.engine.prefixes import PrefixCache
from generators.engine.prompts import Prompts
from generators.engine.room import Room
from generators.engine.states import States
from generators.engine.stepping import Stepping
from generators.engine.stream import Bell
from generators.engine.texts import Order
from generators.engine.tokens import TokenTable
from generators.engine.voices import Voice
from generators.engine.waiting import Waiting
from generators.model import Model
from generators.units import UnitMap


class Batching:
    """The orders of one model, and its steps.

    Args:
        model: nobody else uses it.
        max_batch: texts in a step.
        cache_bytes: for states that may be asked for again.
    """

    def __init__(self, model: Model[Any], max_batch: int, cache_bytes: int) -> None:
        self.model = model
        self.table = TokenTable(model.vocabulary)
        self.cache: PrefixCache[Any] = PrefixCache(cache_bytes)
        self.meter = METERS.open(model.info.name)
        self._room = Room(max_batch)
        self._waiting = Waiting()
        self._orders = Orders(self._waiting, self.meter)
        shortages = Shortages(self.cache, self._room, self.meter)
        self._faults = Faults(shortages)
        unit_map = UnitMap(model.vocabulary)
        states = States(model, self.cache, shortages)
        continuations = Continuations(model, self.table, unit_map, self._waiting, self._orders, states)
        self._prompts = Prompts(
            model,
            self.table,
            unit_map,
            self._waiting.schedule,
            orders=self._orders,
            states=states,
            continuations=continuations,
            meter=self.meter,
        )
        self._stepping = Stepping(
            model,
            self.table,
            self._waiting,
            self._room,
            continuations=continuations,
            faults=self._faults,
            shortages=shortages,
            meter=self.meter,
        )

    @property
    def busy(self) -> bool:
        """Whether there is anything to do in a step."""
        return self._waiting.busy

    @property
    def places(self) -> int:
        """Texts that a step takes at present."""
        return self._room.now

    @property
    def left(self) -> int:
        """Choices that have been finished or dropped so far."""
        return self._orders.left

    @property
    def ended(self) -> set[Bell]:
        """Bells of readers whose last event came since they were last rung."""
        return self._orders.ended

    def admit(self, order: Order) -> None:
        """Takes an order in."""
        try:
            self._prompts.admit(order)
        except Exception as fault:
            self._orders.fail([order], fault)
        self._let_go()

    def drop(self, order: Order) -> None:
        """Forgets an order, whatever has become of it."""
        self._orders.drop(order)
        self._let_go()

    def hold(self, order: Order) -> None:
        """Takes no step for an order whose reader is behind."""
        self._orders.hold(order)

    def go_on(self, order: Order) -> None:
        """The reader has read what there was."""
        self._orders.go_on(order)

    def expire(self, now: float) -> None:
        """Ends the texts whose time is over, with what there is."""
        self._orders.expire(now)
        self._let_go()

    def forget(self, voice: Voice) -> None:
        """A voice that nobody will write with any more: what is kept of its texts is given up."""
        self.cache.forget(voice.number)

    def step(self) -> None:
        """Takes the texts whose turn it is a token further; a fault is told those whose it is once the step is over."""
        began = time.perf_counter()
        self._stepping.advance()
        self.meter.steps.observe(time.perf_counter() - began)
        for members, fault in self._faults.take():
            self._orders.fail([member.order for member in members], fault)
        self._let_go()

    def fail(self, fault: Exception) -> None:
        """Something of ours raised, nobody knows whose fault: all are told, because any may have been left halfway."""
        self._faults.take()
        self._orders.fail_all(fault)
        self._let_go()

    def end(self, fault: BaseException) -> None:
        """Ends everything."""
        self._orders.end(fault)
        self._let_go()

    def _let_go(self) -> None:
        if not self.busy:
            self._stepping.let_go()
