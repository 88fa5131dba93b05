"""What engines count while they write; `generators.metrics` shows it to Prometheus.

A step of a small model takes less than a tenth of a millisecond, so counting is a few additions in the engine's thread,
and everything that Prometheus asks for is made of them when it asks.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from generators.engine.texts import Order

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
TEXTS: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)  # as `queue.batch` allows


class Buckets:
    """How many values were at most so large, and their sum.

    Args:
        bounds: ascending; one bucket more holds what is larger.
    """

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Counts a value in."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def add(self, other: Buckets) -> None:
        """Counts in what another has counted."""
        self.counts = [one + two for one, two in zip(self.counts, other.counts, strict=True)]
        self.sum += other.sum


class Meter:
    """The counts of one engine, or of several with one model.

    Attributes:
        tokens: drawn.
        read, found: tokens of prompts that the model has read, and that were found in the cache of prefixes.
        steps: seconds of each step.
        batch: members of each step: texts, prompts being read, searches; 0 where only draws were left.
        queue: seconds from a request to its first step.
        first: seconds from a request to its first token.
        failed: requests that a fault has ended.
        shortages: times that memory did not suffice for a step.
        texts: that are being written or wait now.
        kept: bytes in the cache of prefixes now.
        places: texts that a step takes at most now.
    """

    __slots__ = (
        "batch",
        "failed",
        "first",
        "found",
        "kept",
        "model",
        "places",
        "queue",
        "read",
        "shortages",
        "steps",
        "texts",
        "tokens",
    )

    def __init__(self, model: str) -> None:
        self.model = model
        self.tokens = self.read = self.found = self.failed = self.shortages = 0
        self.texts = self.kept = self.places = 0
        self.steps, self.queue, self.first = Buckets(SECONDS), Buckets(SECONDS), Buckets(SECONDS)
        self.batch = Buckets(TEXTS)

    def first_step(self, order: Order) -> None:
        """A step is taken for an order, or none is needed before its first token; only its first is counted."""
        if not order.begun:
            order.begun = True
            self.queue.observe(time.monotonic() - order.asked)

    def first_tokens(self, orders: Iterable[Order]) -> None:
        """Counts those among these whose first token is drawn now; not samples, which nobody has asked for."""
        for order in orders:
            if not order.told and order.outer is None:
                order.told = True
                self.first.observe(time.monotonic() - order.asked)

    def add(self, other: Meter) -> None:
        """Counts in what another has counted."""
        for name in ("tokens", "read", "found", "failed", "shortages", "texts", "kept", "places"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("steps", "queue", "first", "batch"):
            getattr(self, name).add(getattr(other, name))


class Meters:
    """The meters of a process; what an engine has counted outlives it, because counters never fall."""

    def __init__(self) -> None:
        self._running: list[Meter] = []
        self._past: dict[str, Meter] = {}
        self._lock = threading.Lock()

    def open(self, model: str) -> Meter:
        """The meter of a new engine."""
        meter = Meter(model)
        with self._lock:
            self._running.append(meter)
        return meter

    def close(self, meter: Meter) -> None:
        """Its engine is gone: it has neither texts nor memory any more."""
        meter.texts = meter.kept = meter.places = 0
        with self._lock:
            self._running.remove(meter)
            self._past.setdefault(meter.model, Meter(meter.model)).add(meter)

    def by_model(self) -> Iterable[Meter]:
        """A meter for each model, in the order of their names."""
        with self._lock:
            return by_model((*self._past.values(), *self._running))


def by_model(meters: Iterable[Meter]) -> list[Meter]:
    """The same counts in a meter for each model, in the order of their names."""
    found: dict[str, Meter] = {}
    for meter in meters:
        found.setdefault(meter.model, Meter(meter.model)).add(meter)
    return [found[model] for model in sorted(found)]


METERS: Final = Meters()
