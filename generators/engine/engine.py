"""The engine: one thread owns a model and takes every text a token further at each step, whoever asked for it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import Any, Final, TypeVar

from generators.completion import CompletionRequest, Event, Finished, ModelInfo, Priority, Started
from generators.engine.batching import Batching
from generators.engine.intake import check, encoded, order_of
from generators.engine.meter import METERS
from generators.engine.stream import Bell
from generators.engine.texts import Order
from generators.engine.threads import LIMIT
from generators.engine.voices import Voice, voice_of
from generators.errors import Busy, ShuttingDown
from generators.model import Model
from generators.vocabulary import Vocabulary

MAX_BATCH: Final = 64  # texts a step; a char-RNN gains little beyond, and a step stays short enough to wait for
QUEUE_LIMIT: Final = 64  # texts that may wait beyond these
AHEAD: Final = 16_384  # tokens and alternatives that wait for a reader before its texts wait too
CACHE_BYTES: Final = 64 * 1024 * 1024  # of states kept: some ten thousand of a char-RNN's

T = TypeVar("T")

_log: Final = logging.getLogger(__name__)


class Engine:
    """Writes with one model for many readers on any event loops.

    Args:
        model: belongs to the engine's thread from now on.
        max_batch: texts in a step.
        queue_limit: texts that may wait beyond a full step; further ones are refused as busy, ballots never.
        cache_bytes: for states that may be asked for again.
        threads: of the linear algebra; more than one only pays for large models.
    """

    def __init__(
        self,
        model: Model[Any],
        *,
        max_batch: int = MAX_BATCH,
        queue_limit: int = QUEUE_LIMIT,
        cache_bytes: int = CACHE_BYTES,
        threads: int = 1,
    ) -> None:
        self._vocabulary = model.vocabulary
        self._limit = max_batch + queue_limit
        self._max_batch = max_batch
        self._threads = threads
        self._batching = Batching(model, max_batch, cache_bytes)
        self._numbers = count(1)
        self.voice = voice_of(model, 0, self._batching.table)
        self._taken = 0  # choices taken in so far; `_batching.left` of them are over
        self._calls: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._bells: dict[asyncio.AbstractEventLoop, Bell] = {}
        self._thread = threading.Thread(target=self._run, name=f"engine {model.info.name}", daemon=True)
        self._thread.start()

    @property
    def info(self) -> ModelInfo:
        return self.voice.info

    @property
    def vocabulary(self) -> Vocabulary:
        return self._vocabulary

    @property
    def closed(self) -> bool:
        """Whether it takes nothing in any more."""
        return self._closing

    @property
    def live(self) -> int:
        """Choices that are being written or wait."""
        return self._taken - self._batching.left

    def join(self, model: Model[Any]) -> Voice:
        """A voice beside the engine's own: of a model whose states the engine's can extend, as an adapter over it."""
        return voice_of(model, next(self._numbers), self._batching.table)

    def leave(self, voice: Voice) -> None:
        """Nobody writes with a voice any more."""
        self._call(partial(self._batching.forget, voice))

    @asynccontextmanager
    async def complete(
        self, request: CompletionRequest, voice: Voice | None = None
    ) -> AsyncIterator[AsyncIterator[Event]]:
        """Streams a text; leaving the context cancels it.

        Args:
            request: what is wanted.
            voice: who writes it; None for the engine's own model.

        Raises:
            UserError: the request cannot be met.
        """
        voice = voice or self.voice
        check(request, voice.info, self._vocabulary)
        writes = request.max_tokens != 0 or request.echo
        if writes:  # before the prompt is tokenised, which costs more than anything before it
            with self._changed:
                self._check_room(request)
        prompt = await encoded(self._vocabulary, request.prompt)
        bell = self._bell()
        stream = bell.open()
        try:
            order, started = order_of(request, voice, self._vocabulary, prompt, stream)
            weight = 1 + (self._vocabulary.size if request.logprobs is None else request.logprobs)
            stream.bound(
                AHEAD // weight,
                hold=lambda: self._call(partial(self._batching.hold, order)),
                go_on=lambda: self._call(partial(self._batching.go_on, order)),
            )
            if writes:
                self._submit(order, started)
                try:
                    yield stream
                finally:
                    self._leave(order)
            else:  # only the prompt's token ids are wanted
                stream.events.append(started)
                stream.events.append(Finished(-1, "length", order.prompt_tokens, 0))
                stream.finish()
                yield stream
        finally:
            bell.close(stream)

    def run(self, work: Callable[[], T]) -> Future[T]:
        """Lets the engine's thread, which alone may touch the model, do something else between two steps.

        Raises:
            ShuttingDown: the engine is closed.
        """
        done: Future[T] = Future()

        def call() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(work())
            except BaseException as fault:
                done.set_exception(fault)

        with self._changed:
            if self._closing:
                raise ShuttingDown
            self._calls.append(call)
            self._changed.notify()
        return done

    def close(self) -> None:
        """Ends what is being written and the thread; safe to call twice, not from the thread itself."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _bell(self) -> Bell:
        loop = asyncio.get_running_loop()
        with self._changed:
            if loop not in self._bells:
                others = {other: bell for other, bell in self._bells.items() if not other.is_closed()}
                self._bells = {**others, loop: Bell(loop)}
            return self._bells[loop]

    def _check_room(self, request: CompletionRequest) -> None:
        """Whether all choices of a request find a place.

        Raises:
            Busy: there is none.
            ShuttingDown: the engine is closed.
        """
        if self._closing:
            raise ShuttingDown
        if request.priority is Priority.BALLOT:
            return
        if self.live + (1 if request.max_tokens == 0 else request.n) > self._limit:
            raise Busy(max(0, self.live - self._max_batch))

    def _submit(self, order: Order, started: Started) -> None:
        with self._changed:
            self._check_room(order.request)
            ahead = 0 if order.priority is Priority.BALLOT else self.live + order.unfinished - self._max_batch
            order.append(started._replace(ahead=max(0, min(self.live, ahead))))
            self._taken += order.unfinished
            self._calls.append(partial(self._batching.admit, order))
            self._changed.notify()

    def _leave(self, order: Order) -> None:
        """The reader of an order has gone."""
        if not order.gone:
            self._call(partial(self._batching.drop, order))

    def _call(self, call: Callable[[], None]) -> None:
        with self._changed:
            self._calls.append(call)
            self._changed.notify()

    # From here on the engine's thread.

    def _run(self) -> None:
        try:
            with LIMIT.of(self._threads):
                while self._wait():
                    try:
                        self._answer_calls()
                        self._batching.expire(time.monotonic())
                        if self._batching.busy:
                            self._batching.step()
                    except Exception as fault:
                        _log.exception("a step of %s failed", self.info.name)
                        self._batching.fail(fault)
                    self._ring()
        finally:
            self._end()

    def _end(self) -> None:
        """Tells everybody, also those who came or went while the last step ran."""
        with self._changed:
            self._closing = True  # nobody comes any more, whatever has ended the thread
        try:
            self._answer_calls()
        finally:
            try:
                self._batching.end(ShuttingDown())
                self._ring()
            finally:
                METERS.close(self._batching.meter)

    def _answer_calls(self) -> None:
        while self._calls:  # not a loop over them: readers who leave append more meanwhile
            self._calls.popleft()()

    def _wait(self) -> bool:
        """Until there is something to do; False once the engine is to end."""
        if self._batching.busy:
            return not self._closing
        with self._changed:
            while not (self._calls or self._closing):
                self._changed.wait()
        return not self._closing

    def _ring(self) -> None:
        """Lets the event loops know, each once."""
        batching = self._batching
        meter = batching.meter
        meter.texts, meter.kept, meter.places = self.live, batching.cache.nbytes, batching.places
        ended = batching.ended
        for bell in self._bells.values():
            if not bell.idle:
                bell.ring(now=bell in ended)
        ended.clear()
