"""What Prometheus is told of engines, and of this process itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from generators.engine.meter import METERS, Buckets, Meter, by_model

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
SHORTAGES: Final = "planchette_memory_shortages"
PLACES: Final = "planchette_batch_limit"

_HISTOGRAMS: Final[Sequence[tuple[str, str, Callable[[Meter], Buckets]]]] = (
    ("planchette_step_seconds", "Time of a step of the model.", lambda meter: meter.steps),
    ("planchette_batch_size", "Texts in a step.", lambda meter: meter.batch),
    ("planchette_queue_seconds", "From a request to its first step.", lambda meter: meter.queue),
    ("planchette_first_token_seconds", "From a request to its first token.", lambda meter: meter.first),
)
_COUNTERS: Final[Sequence[tuple[str, str, Callable[[Meter], int]]]] = (
    ("planchette_tokens", "Tokens drawn.", lambda meter: meter.tokens),
    ("planchette_failed_requests", "Requests that a fault has ended.", lambda meter: meter.failed),
    (SHORTAGES, "Times that memory did not suffice for a step.", lambda meter: meter.shortages),
)
_GAUGES: Final[Sequence[tuple[str, str, Callable[[Meter], int]]]] = (
    ("planchette_live_texts", "Texts that are being written or wait.", lambda meter: meter.texts),
    ("planchette_prefix_cache_bytes", "Memory of what prompts have come to.", lambda meter: meter.kept),
    (PLACES, "Texts that a step takes at most; fewer after a shortage.", lambda meter: meter.places),
)


class Engines(Collector):
    """Collects what engines have counted, when it is asked for.

    Args:
        meters: of each of them.
    """

    def __init__(self, meters: Iterable[Meter]) -> None:
        self._meters = by_model(meters)

    def collect(self) -> Iterator[Metric]:
        """Each metric once, with a sample or more for each model."""
        prompts = CounterMetricFamily(
            "planchette_prompt_tokens", "Tokens of prompts: read, or found in the cache.", labels=["model", "found"]
        )
        for meter in self._meters:
            prompts.add_metric([meter.model, "no"], meter.read)
            prompts.add_metric([meter.model, "yes"], meter.found)
        yield prompts
        for name, text, count in _COUNTERS:
            counter = CounterMetricFamily(name, text, labels=["model"])
            for meter in self._meters:
                counter.add_metric([meter.model], count(meter))
            yield counter
        for name, text, gauge in _GAUGES:
            family = GaugeMetricFamily(name, text, labels=["model"])
            for meter in self._meters:
                family.add_metric([meter.model], gauge(meter))
            yield family
        for name, text, buckets in _HISTOGRAMS:
            histogram = HistogramMetricFamily(name, text, labels=["model"])
            for meter in self._meters:
                histogram.add_metric([meter.model], *_cumulated(buckets(meter)))
            yield histogram


class Trainings(Collector):
    """Trainings by their state.

    Args:
        states: one of each training.
    """

    def __init__(self, states: Iterable[str]) -> None:
        self._counts = Counter(states)

    def collect(self) -> Iterator[Metric]:
        """One gauge; states that no training is in are left out."""
        family = GaugeMetricFamily("planchette_trainings", "Trainings by their state.", labels=["state"])
        for state, count in sorted(self._counts.items()):
            family.add_metric([state], count)
        yield family


def exposition(*further: Collector, meters: Iterable[Meter] | None = None) -> bytes:
    """All metrics of this process in Prometheus' text format (0.0.4), with those of further collectors.

    Args:
        meters: of the engines; None for those of this process.
    """
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    engines = Engines(METERS.by_model() if meters is None else meters)
    for collector in (engines, *further):
        registry.register(collector)
    return generate_latest(registry)


def _cumulated(buckets: Buckets) -> tuple[list[tuple[str, float]], float]:
    bounds = [*(f"{bound:g}" for bound in buckets.bounds), "+Inf"]
    return list(zip(bounds, accumulate(map(float, buckets.counts)), strict=True)), buckets.sum
