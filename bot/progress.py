"""How far the history of a logged place has been read, as its log remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a place has been read.

    Attributes:
        since: all that was said before is known, or is nothing to be known.
        after: the last message that was read of each channel and thread since.
        barred: when the log was turned on again, or off if it is off; nothing that was said before is ever read. None
            where it was never off.
    """

    since: datetime
    after: Mapping[str, str] = field(default_factory=dict)
    barred: datetime | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None) -> Progress | None:
        """What a log remembers; None where it remembers nothing."""
        if kept is None:
            return None
        barred = kept.get("barred")
        return cls(datetime.fromisoformat(kept["since"]), kept["after"], barred and datetime.fromisoformat(barred))

    @classmethod
    def from_now_on(cls, now: datetime) -> Progress:
        """Of a place whose past is not to be read."""
        return cls(now, barred=now)

    def json(self) -> dict[str, Any]:
        """As a log remembers it."""
        barred = {} if self.barred is None else {"barred": self.barred.isoformat()}
        return {"since": self.since.isoformat(), "after": dict(self.after), **barred}

    def read(self, source: str, last: str) -> Progress:
        """The same with one channel or thread read further."""
        return replace(self, after={**self.after, source: last})

    def known(self, until: datetime) -> Progress:
        """The same once everything until then is known."""
        return Progress(until if self.barred is None else max(until, self.barred), barred=self.barred)
