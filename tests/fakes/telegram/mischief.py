"""What the server was told to do wrong."""

from __future__ import annotations

from dataclasses import dataclass

from tests.fakes.telegram.refusal import Refused


@dataclass(slots=True)
class Mischief:
    """One thing that goes wrong at the next calls of a method.

    Attributes:
        method: its name, or «*» for any.
        times: how many calls it still takes.
        refused: answered instead of doing what was asked.
        body: the raw body of that answer, where it is not Telegram's JSON.
        seconds: how long the call takes longer.
        drops: whether the connection ends without an answer.
        handled: whether the call has its effect before the connection ends.
    """

    method: str
    times: int
    refused: Refused | None = None
    body: str | None = None
    seconds: float = 0.0
    drops: bool = False
    handled: bool = True


class Mischiefs:
    """All that is to go wrong, in the order in which it was asked for."""

    def __init__(self) -> None:
        self._planned: list[Mischief] = []

    def plan(self, mischief: Mischief) -> None:
        """Lets something go wrong."""
        self._planned.append(mischief)

    @property
    def waiting(self) -> bool:
        """Whether something is still to go wrong."""
        return bool(self._planned)

    def next(self, method: str) -> Mischief | None:
        """What goes wrong at this call."""
        for mischief in self._planned:
            if mischief.method in ("*", method):
                mischief.times -= 1
                if mischief.times <= 0:
                    self._planned.remove(mischief)
                return mischief
        return None


def failure(method: str, status: int, times: int, retry_after: int | None, body: str | None) -> Mischief:
    """Calls that are answered with an error which is not the bot's fault."""
    reason = {
        401: "Unauthorized",
        429: f"Too Many Requests: retry after {retry_after}",
        500: "Internal Server Error: restart",
    }.get(status, "the server was told to refuse this")
    return Mischief(method, times, Refused(status, reason, retry_after=retry_after, ours=True), body)
