"""Discord's rate limits: a bucket for each route and place, and one for everything together."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

GLOBAL_LIMIT: Final = 50  # requests a second over all routes; Discord API v10, rate limits


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many requests in so many seconds, for each major parameter of a route."""

    name: str
    limit: int
    seconds: float

    @property
    def hash(self) -> str:
        """Its opaque name in X-RateLimit-Bucket."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:32]


@dataclass(slots=True)
class Window:
    """What is left of a limit until it starts again."""

    remaining: int
    reset: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request may pass: `retry_after` in seconds where it may not."""

    headers: dict[str, str]
    retry_after: float | None = None
    is_global: bool = False

    @property
    def payload(self) -> dict[str, object]:
        """The body of a 429."""
        return {"message": "You are being rate limited.", "retry_after": self.retry_after, "global": self.is_global}


def too_many(retry_after: float, *, is_global: bool, scope: str) -> Verdict:
    """A refusal, with the headers that come with it."""
    headers = {"Retry-After": str(math.ceil(retry_after)), "X-RateLimit-Scope": scope}
    if is_global:
        headers["X-RateLimit-Global"] = "true"
    return Verdict(headers, retry_after, is_global)


class Rates:
    """Counts requests in fixed windows that start with their first request."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._windows: dict[tuple[str, str], Window] = {}

    def check(self, bucket: Bucket, major: str, *, within_global: bool) -> Verdict:
        """Counts one request, and says whether it may pass.

        Args:
            major: the channel, guild or webhook that the bucket belongs to.
            within_global: whether it counts among all requests; answers to interactions do not.
        """
        if within_global:
            everything = self._window(("", ""), GLOBAL_LIMIT, 1.0)
            if everything.remaining == 0:
                return too_many(self._left(everything), is_global=True, scope="global")
            everything.remaining -= 1
        window = self._window((bucket.name, major), bucket.limit, bucket.seconds)
        if window.remaining == 0:
            refused = too_many(self._left(window), is_global=False, scope="user")
            return Verdict(self._headers(bucket, window) | refused.headers, refused.retry_after)
        window.remaining -= 1
        return Verdict(self._headers(bucket, window))

    def _window(self, key: tuple[str, str], limit: int, seconds: float) -> Window:
        now = self._now()
        window = self._windows.get(key)
        if window is None or window.reset <= now:
            window = self._windows[key] = Window(limit, now + seconds)
        return window

    def _left(self, window: Window) -> float:
        return math.ceil((window.reset - self._now()) * 1000) / 1000

    def _headers(self, bucket: Bucket, window: Window) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(bucket.limit),
            "X-RateLimit-Remaining": str(window.remaining),
            "X-RateLimit-Reset": f"{window.reset:.3f}",
            "X-RateLimit-Reset-After": f"{self._left(window):.3f}",
            "X-RateLimit-Bucket": bucket.hash,
        }
