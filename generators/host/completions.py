"""One text for one client: begun, sent as it grows, and given up as soon as the client is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext, suppress
from typing import Final

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from generators.completion import Generator, Piece
from generators.host.answers import DONE, WAITING, Answers, message
from generators.host.asked import Asked
from generators.host.batches import Batches, Traffic, batched, weight
from generators.host.errors import Malformed, refusal, told

LARGEST: Final = 500_000  # tokens and alternatives in one object: some 50 MB

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
        traffic: of the host.
        writing: entered for as long as the answer takes.
    """

    def __init__(
        self,
        generator: Generator,
        asked: Asked,
        traffic: Traffic,
        writing: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        super().__init__()
        self._generator = generator
        self._asked = asked
        self._traffic = traffic
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
                batches = await stack.enter_async_context(batched(events))
                answers = Answers(asked.model, request.n, logprobs=asked.logprobs is not None, events=asked.events)
                if not asked.stream:
                    await self._gather(answers, batches)
                    await JSONResponse(answers.whole())(scope, receive, send)
                    return
                answers.take(await batches.next() or ())
            except Exception as fault:  # whatever it is, the client is told, and the log in full
                await refusal(fault, asked.model)(scope, receive, send)
                return
            stack.enter_context(self._traffic.joined())
            await self._stream(answers, batches, send)

    async def _gather(self, answers: Answers, batches: Batches) -> None:
        """Takes everything.

        Raises:
            Malformed: it is too much for one object.
        """
        size = 0
        while (batch := await batches.next()) is not None:
            size += sum(map(weight, batch))
            if size > LARGEST:
                why = f"The answer has more than {LARGEST:,} tokens and alternatives; ask for it as a stream."
                raise Malformed("stream", why)
            answers.take(batch)

    async def _stream(self, answers: Answers, batches: Batches, send: Send) -> None:
        """Sends what has come, and what comes: all that waits at a time, which is the more the more texts there are."""

        async def put(data: bytes, *, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": more})

        clock = asyncio.get_running_loop().time
        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        try:
            await put(b"".join(map(message, answers.chunks())))
            earliest = 0.0
            while (batch := await batches.next(earliest)) is not None:
                answers.take(batch)
                await put(b"".join(map(message, answers.chunks())) or WAITING)
                if any(isinstance(event, Piece) for event in batch):  # the first of them waits for no others
                    earliest = clock() + self._traffic.pause
        except OSError:  # the client is gone
            return
        except Exception as fault:  # as above
            await put(message(told(fault, self._asked.model)), more=False)
            return
        options = self._asked.stream_options
        usage = message(answers.usage()) if options is not None and options.include_usage else b""
        await put(usage + DONE, more=False)


async def _gone(receive: Receive) -> None:
    """Returns once the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
