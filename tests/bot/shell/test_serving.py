"""Platforms side by side: one that breaks down is no business of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from bot.shell.serving import kept_running, until_one_ends
from generators.errors import UserError, english
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.patience import PATIENCE


class Breaking(FakePlatform):
    """A platform that breaks down so many times, and then serves until it is told to end."""

    def __init__(self, faults: int, fault: Exception, before: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.faults = faults
        self.fault = fault
        self.before = before
        self.runs = 0
        self.ran = asyncio.Event()
        self.end = asyncio.Event()

    async def run(self) -> None:
        self.runs += 1
        self.ran.set()
        self.before()
        if self.runs <= self.faults:
            raise self.fault
        await self.end.wait()


@dataclass(eq=False)
class WrongToken(UserError):
    def sentence(self, translate: object = english) -> str:
        return "The token is wrong."


async def again(platform: Breaking) -> None:
    """The platform runs once more."""
    async with asyncio.timeout(PATIENCE):
        await platform.ran.wait()
    platform.ran.clear()
    await asyncio.sleep(0)


async def test_breaking_down() -> None:
    """A platform that breaks down runs again after pauses that grow, while others run on."""
    clock = FakeClock()
    broken, sound = Breaking(3, OSError("away")), Breaking(0, OSError())
    stop = asyncio.Event()
    with capture_logs() as logs:
        tasks = [asyncio.create_task(kept_running(platform, clock)) for platform in (broken, sound)]
        serving = asyncio.create_task(until_one_ends(tasks, stop))

        for pause in (1, 2, 4):
            await again(broken)
            clock.advance(pause)
        await again(broken)

    assert (broken.runs, sound.runs) == (4, 1)
    assert [(line["event"], line["again_in"]) for line in logs] == [
        ("a platform broke down", pause) for pause in (1.0, 2.0, 4.0)
    ]
    assert not serving.done()
    stop.set()
    await serving


async def test_breaking_down_after_a_long_time() -> None:
    """After it has run for a minute, a platform is tried again soon."""
    clock = FakeClock()
    broken = Breaking(3, OSError("away"), before=lambda: clock.advance(61))
    with capture_logs() as logs:
        running = asyncio.create_task(kept_running(broken, clock))
        for _ in range(3):
            await again(broken)
            clock.advance(1)
        await again(broken)

    assert [line["again_in"] for line in logs] == [1.0, 1.0, 1.0]
    broken.end.set()
    await running


async def test_what_can_never_work() -> None:
    """A platform that can never work as it is set up ends all of them, with its sentence."""
    clock = FakeClock()
    wrong, sound = Breaking(1, WrongToken()), Breaking(0, OSError())
    tasks = [asyncio.create_task(kept_running(platform, clock)) for platform in (wrong, sound)]

    with pytest.raises(WrongToken):
        await until_one_ends(tasks, asyncio.Event())

    assert all(task.done() for task in tasks)


async def test_the_end() -> None:
    """Where one platform has come to its end, as a terminal does, all end."""
    clock = FakeClock()
    terminal, room = Breaking(0, OSError()), Breaking(0, OSError())
    tasks = [asyncio.create_task(kept_running(platform, clock)) for platform in (terminal, room)]
    terminal.end.set()

    await until_one_ends(tasks, asyncio.Event())

    assert all(task.done() for task in tasks)
