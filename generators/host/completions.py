"""One text for one client: begun, sent as it grows, and given up as soon as the client is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext, suppress
from typing import Final

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from generators.completion import Event, Generator
from generators.host.answers import DONE, WAITING, Answers, message
from generators.host.asked import Asked
from generators.host.errors import refusal, told

BATCH: Final = 256  # events that are sent at a time
PATIENCE: Final = 10.0  # s between two signs of life; proxies give connections up after 30 and more

HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would keep the text back
)


class Completion(Response):
    """The answer to a request for a text.

    Args:
        generator: writes.
        asked: what.
        writing: entered for as long as the answer takes.
    """

    def __init__(
        self,
        generator: Generator,
        asked: Asked,
        writing: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        super().__init__()
        self._generator = generator
        self._asked = asked
        self._writing = writing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._writing():
            await self._until_gone(scope, receive, send)

    async def _until_gone(self, scope: Scope, receive: Receive, send: Send) -> None:
        answering = asyncio.create_task(self._answer(scope, receive, send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (answering, leaving):
                task.cancel()
            with suppress(asyncio.CancelledError):
                await answering

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = self._asked
        async with AsyncExitStack() as stack:
            try:
                request = asked.request
                events = await stack.enter_async_context(self._generator.complete(request))
                batches = await stack.enter_async_context(_batched(events))
                answers = Answers(asked.model, request.n, logprobs=asked.logprobs is not None, events=asked.events)
                if not asked.stream:
                    async for batch in batches:
                        answers.take(batch)
                    await JSONResponse(answers.whole())(scope, receive, send)
                    return
                answers.take(await anext(batches))
            except Exception as fault:  # whatever it is, the client is told, and the log in full
                await refusal(fault, asked.model)(scope, receive, send)
                return
            await self._stream(answers, batches, send)

    async def _stream(self, answers: Answers, batches: AsyncIterator[list[Event]], send: Send) -> None:
        """Sends what has come, and what comes, all that waits at a time."""

        async def put(data: bytes, *, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": more})

        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        try:
            await put(b"".join(map(message, answers.chunks())))
            async for batch in batches:
                answers.take(batch)
                await put(b"".join(map(message, answers.chunks())) or WAITING)
        except OSError:  # the client is gone
            return
        except Exception as fault:  # as above
            await put(message(told(fault, self._asked.model)), more=False)
            return
        options = self._asked.stream_options
        usage = message(answers.usage()) if options is not None and options.include_usage else b""
        await put(usage + DONE, more=False)


@asynccontextmanager
async def _batched(events: AsyncIterator[Event]) -> AsyncIterator[AsyncIterator[list[Event]]]:
    """All events that wait at a time; an empty batch where nothing has come for a while."""
    waiting: asyncio.Queue[Event | BaseException | None] = asyncio.Queue(BATCH)

    async def read() -> None:
        try:
            async for event in events:
                await waiting.put(event)
        except Exception as fault:
            await waiting.put(fault)
        else:
            await waiting.put(None)

    async def batches() -> AsyncIterator[list[Event]]:
        while True:
            entries: list[Event | BaseException | None] = []
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    entries.append(await waiting.get())
            while not waiting.empty():
                entries.append(waiting.get_nowait())
            last = entries[-1] if entries else ()
            batch = [entry for entry in entries if isinstance(entry, tuple)]
            if batch or not entries:
                yield batch
            if isinstance(last, BaseException):
                raise last
            if last is None:
                return

    reading = asyncio.create_task(read())
    try:
        yield batches()
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


async def _gone(receive: Receive) -> None:
    """Returns once the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
