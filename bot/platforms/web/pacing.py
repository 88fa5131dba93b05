"""Bounds how fast one client may ask, so that nobody floods a room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

KEPT: Final = 10_000  # clients remembered at once; the one longest idle is forgotten first: about 2 MB


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Pace:
    """A token bucket for each client: `burst` requests at once, then `per_second`.

    Args:
        ticks: seconds that only go forward.
    """

    def __init__(self, burst: float, per_second: float, ticks: Callable[[], float]) -> None:
        self._burst = burst
        self._per_second = per_second
        self._ticks = ticks
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def allows(self, client: str) -> bool:
        """Takes one request of the client's share; False when there is none left."""
        now = self._ticks()
        bucket = self._buckets.pop(client, None) or _Bucket(self._burst, now)
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        self._buckets[client] = bucket
        if len(self._buckets) > KEPT:
            self._buckets.popitem(last=False)
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True
