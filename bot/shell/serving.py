"""Keeps a bot on its platforms until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from generators.errors import UserError

if TYPE_CHECKING:
    from bot.app import Bot
    from bot.configuration import Configuration
    from bot.conversation import Platform
    from bot.games.clock import Clock
    from storage.claims import Claims

FIRST_PAUSE: Final = timedelta(seconds=1)  # after a platform broke down; doubles as long as it goes on
LONGEST_PAUSE: Final = timedelta(minutes=1)

# seconds; Python's 5 ms are what each trip to the database waits for while a model writes, and a vote makes a dozen
SWITCH: Final = 0.0005

log = structlog.get_logger(__name__)


async def serve(
    configuration: Configuration,
    names: Collection[str],
    platforms_of: Callable[[Bot], Sequence[Platform]],
    *,
    started: Callable[[], None] = lambda: None,
) -> None:
    """Runs the bot until its platforms end, or until SIGINT or SIGTERM asks it to.

    A second signal ends the process at once.

    Args:
        configuration: of the home, whose lock the caller holds.
        names: of the platforms; no other process of the database may be on them, but with other shards.
        platforms_of: makes the platforms; what they need of the machine, such as a port, is taken there.
        started: called once the stories that run are taken up.
    """
    from bot.shell.claiming import claimed
    from storage.looking import look

    sys.setswitchinterval(SWITCH)
    await look(configuration.database_url)  # a table that is missing would be found out in the middle of a talk
    async with claimed(configuration, names) as claims:
        await _serve(configuration, claims, platforms_of, started)


async def _serve(
    configuration: Configuration,
    claims: Claims | None,
    platforms_of: Callable[[Bot], Sequence[Platform]],
    started: Callable[[], None],
) -> None:
    """The same, once what others must not have is claimed."""
    from bot.app import Bot
    from bot.shell.claiming import demand_common_key, keep

    bot = await Bot.open(configuration)
    try:
        if claims is not None:
            await demand_common_key(bot, claims)
        platforms = platforms_of(bot)
        for platform in platforms:
            bot.register(platform)
        await bot.resume()
        stop = asyncio.Event()
        stop_on_signals(stop.set)
        started()
        work = [kept_running(platform, bot.clock) for platform in platforms]
        work += [] if claims is None else [keep(claims)]
        await until_one_ends([asyncio.create_task(each) for each in work], stop)
    finally:
        await bot.close()


async def kept_running(platform: Platform, clock: Clock) -> None:
    """Runs a platform until it ends, and again after a while where it breaks down; the others play on meanwhile.

    Raises:
        UserError: it can never work as it is set up.
    """
    pause = FIRST_PAUSE
    while True:
        begun = clock.now()
        try:
            return await platform.run()
        except UserError:
            raise
        except Exception:
            now = clock.now()
            if now - begun > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            log.exception("a platform broke down", platform=platform.name, again_in=pause.total_seconds())
        await clock.sleep_until(now + pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def until_one_ends(tasks: Sequence[asyncio.Task[None]], stop: asyncio.Event) -> None:
    """Returns when one of the tasks has ended or `stop` is set, and all of them are over; raises what they raised."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*tasks, stopping):
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for fault in ended:
        if isinstance(fault, BaseException) and not isinstance(fault, asyncio.CancelledError):
            raise fault


def stop_on_signals(stop: Callable[[], object]) -> None:
    """Calls `stop` at the first SIGINT or SIGTERM; the second does what it does to any program."""
    loop = asyncio.get_running_loop()

    def stopped() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stopped)
        except NotImplementedError:  # Windows: Ctrl-C raises KeyboardInterrupt there
            return
