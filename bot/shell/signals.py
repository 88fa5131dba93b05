"""Ends a command as an exception does, so that nothing half-written stays and nothing written is lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

ENDING: Final = (signal.SIGTERM, signal.SIGHUP)  # `kill`, and a terminal that is closed


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Lets SIGTERM and SIGHUP raise SystemExit inside, with the exit code that shells give them.

    A signal that is ignored, as `nohup` does with SIGHUP, stays ignored.
    """

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
