"""How fast calls leave for Telegram, so that it never has to refuse anything."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, Final

from aiolimiter import AsyncLimiter
from telegram.ext import AIORateLimiter

RETRIES: Final = 3  # of a call that is told to come later

# Bots FAQ, «My bot is hitting limits»: 30 messages a second over all, 20 a minute in a group, one a second in a chat
# with short bursts. Less, because clocks differ and calls that we gave up may count late.
EVERYWHERE: Final = (27, 1.0)
EVENLY: Final = (3, 0.12)  # 25 a second, at most 3 at once: what leaves together delays whatever comes in meanwhile
GROUP: Final = (19, 60.0)
CHAT: Final = (4, 4.0)  # a burst, and the seconds in which it is made up for
GLANCE: Final = 0.05  # seconds, where nothing tells when a call will be over
KEPT: Final = 10_000  # chats remembered at once


class Window:
    """At most so many calls under way or over for less than so many seconds.

    A call counts at Telegram some time between its beginning and its end, so both count here.
    """

    def __init__(self, times: int, seconds: float) -> None:
        self._times = times
        self._seconds = seconds
        self._under_way = 0
        self._ended: deque[float] = deque()
        self._turn = asyncio.Lock()  # first come, first served

    async def __aenter__(self) -> None:
        async with self._turn:
            while (wait := self._wait()) > 0:  # noqa: ASYNC110  # time is all that is waited for
                await asyncio.sleep(wait)
            self._under_way += 1

    async def __aexit__(self, *_: object) -> None:
        self._under_way -= 1
        self._ended.append(time.monotonic())

    def _wait(self) -> float:
        """Seconds after which there may be room."""
        now = time.monotonic()
        while self._ended and self._ended[0] <= now - self._seconds:
            self._ended.popleft()
        if self._under_way + len(self._ended) < self._times:
            return 0.0
        return self._ended[0] + self._seconds - now if self._ended else GLANCE


class Pace(AIORateLimiter):
    """The library's retries after a refusal, behind limits that see to it that there is none.

    The outbox decides what is said next, and at less than this, so that what is urgent goes first there and seldom
    waits here. What it cannot know is how many calls one message takes, and when those count. The library's own buckets
    are off: they let twice as many through in their first minute. Calls without a chat, as the answer to a press, wait
    for nothing.
    """

    def __init__(self) -> None:
        super().__init__(overall_max_rate=0, group_max_rate=0, max_retries=RETRIES)
        self._all = Window(*EVERYWHERE)
        self._evenly = AsyncLimiter(*EVENLY)
        self._chats: OrderedDict[int, tuple[Window | None, AsyncLimiter]] = OrderedDict()
        self._began = time.monotonic()

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Any:
        """Makes a call when its turn has come."""
        chat = data.get("chat_id")
        if chat is None:
            return await callback(*args, **kwargs)
        async with AsyncExitStack() as limits:
            if endpoint.startswith(("send", "edit")):
                group, bucket = self._of(int(chat)) or await self._opened(int(chat))
                if group is not None:
                    await limits.enter_async_context(group)
                await bucket.acquire()
            await self._evenly.acquire()
            await limits.enter_async_context(self._all)
            return await super().process_request(callback, args, kwargs, endpoint, data, rate_limit_args)

    def _of(self, chat: int) -> tuple[Window | None, AsyncLimiter] | None:
        """What limits a chat that was written to lately."""
        if chat in self._chats:
            self._chats.move_to_end(chat)
        return self._chats.get(chat)

    async def _opened(self, chat: int) -> tuple[Window | None, AsyncLimiter]:
        """What limits a chat from now on; groups, whose ids are negative, are counted by the minute too.

        The burst that a chat had just before the bot was started again counts at Telegram still.
        """
        bucket = AsyncLimiter(*CHAT)
        self._chats[chat] = limits = (Window(*GROUP) if chat < 0 else None, bucket)
        while len(self._chats) > KEPT:
            self._chats.popitem(last=False)
        if time.monotonic() - self._began < CHAT[1]:
            await bucket.acquire(CHAT[0] - 1)
        return limits
