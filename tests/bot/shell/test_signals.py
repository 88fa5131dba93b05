"""Commands that are ended from outside."""

from __future__ import annotations

import os
import signal

import pytest

from bot.shell.signals import ended_in_order


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_ended(number: signal.Signals) -> None:
    """A signal ends what is inside as an exception does, and is what it was outside."""
    ours = signal.signal(number, signal.SIG_DFL)  # under nohup SIGHUP is ignored
    before = signal.getsignal(number)
    tidied = []

    def interrupted() -> None:
        with ended_in_order():
            try:
                os.kill(os.getpid(), number)
            finally:
                tidied.append(True)

    with pytest.raises(SystemExit) as ended:
        interrupted()

    assert (tidied, ended.value.code) == ([True], 128 + number)
    assert signal.signal(number, ours) == before


def test_ignored() -> None:
    """What was ignored stays so: `nohup` lets a command outlive its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_in_order():
            os.kill(os.getpid(), signal.SIGHUP)
            inside = signal.getsignal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)

    assert inside is signal.SIG_IGN
