"""How fast a bot may speak, and what it is told when it speaks faster."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field

from tests.fakes.telegram.refusal import Refused


@dataclass(slots=True)
class _Window:
    """At most `limit` moments in any `seconds`."""

    limit: int
    seconds: float
    moments: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        """Seconds until there is room; 0 when there is."""
        while self.moments and self.moments[0] <= now - self.seconds:
            self.moments.popleft()
        return 0.0 if len(self.moments) < self.limit else self.moments[0] + self.seconds - now


@dataclass(slots=True)
class _Bucket:
    """`burst` at once, refilled with `rate` a second."""

    rate: float
    burst: float
    level: float
    at: float

    def wait(self, now: float) -> float:
        """Seconds until there is one to take; 0 when there is."""
        self.level = min(self.burst, self.level + max(0.0, now - self.at) * self.rate)
        self.at = now
        return 0.0 if self.level >= 1 else (1 - self.level) / self.rate


@dataclass(slots=True)
class Rates:
    """Telegram's flood limits (its Bots FAQ, «My bot is hitting limits»), as strictly as they are written.

    The FAQ asks for about one message a second in a chat, lets «short bursts» through, 20 a minute in a group, 30 a
    second over all. Chosen here: in a chat `burst` at once, refilled with one a second; in a group at most 20 in any 60
    seconds, which is stricter than the leaky bucket of AIORateLimiter (it lets 39 through in its first minute); over
    all at most 30 in any second. Messages and edits count in all three, other calls with a chat_id only over all, calls
    without one nowhere. A refused call counts nowhere. `retry_after` is in whole seconds, at least 1.

    Attributes:
        overall: calls with a chat_id in any second.
        burst: messages and edits at once in a chat.
        per_second: messages and edits a second in a chat, over long.
        group: messages and edits in any minute in a group.
    """

    overall: int = 30
    burst: int = 5
    per_second: float = 1.0
    group: int = 20
    _all: _Window = field(init=False, repr=False)
    _chats: dict[int, _Bucket] = field(init=False, repr=False, default_factory=dict)
    _groups: dict[int, _Window] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._all = _Window(self.overall, 1.0)
        self._groups = defaultdict(lambda: _Window(self.group, 60.0))

    def take(self, method: str, chat: int, now: float) -> None:
        """Counts a call, or refuses it with 429.

        Args:
            method: its name; those that send or edit count in the chat.
            chat: its id, negative for groups.
            now: seconds on any clock that does not go back.
        """
        waits = [self._all.wait(now)]
        speaks = method.startswith(("send", "edit")) and method != "sendChatAction"
        bucket = self._chats.setdefault(chat, _Bucket(self.per_second, self.burst, self.burst, now))
        if speaks:
            waits.append(bucket.wait(now))
            if chat < 0:
                waits.append(self._groups[chat].wait(now))
        wait = max(waits)
        if wait > 0:
            seconds = max(1, math.ceil(wait))
            raise Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        self._all.moments.append(now)
        if speaks:
            bucket.level -= 1
            if chat < 0:
                self._groups[chat].moments.append(now)
