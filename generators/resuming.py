"""A text that was broken off goes on where it was, when what wrote it is lost: a connection, a process, a machine."""

from __future__ import annotations

import codecs
import math
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from generators.completion import CompletionRequest, Event, Finished, Piece, Started

ROOM: Final = 0.7  # of a context; fuller ones may have been cut, and would now be cut elsewhere
_UTF8: Final = codecs.getincrementaldecoder("utf-8")


class Lost(Exception):
    """What wrote is gone; asking again may help."""


class Source(Protocol):
    """Where a text comes from that may be lost on the way."""

    def events(self, request: CompletionRequest) -> AsyncGenerator[Event, None]:
        """The events of a request.

        Raises:
            Lost: they end before their time.
        """
        ...

    async def back(self, model: str, patience: float) -> int | None:
        """Waits, for no more than so many seconds, until something may be asked again that has been lost.

        Returns:
            Tokens that the model can look back on; None where nothing is ever dropped.
        """
        ...


async def written(source: Source, request: CompletionRequest) -> AsyncGenerator[Event, None]:
    """The events of a request; where they are lost they are asked for once more, and the text goes on where it was.

    Raises:
        Lost: they were lost again.
    """
    received = Received(request)
    try:
        async with aclosing(source.events(request)) as events:
            async for event in events:
                received.take(event)
                yield event
            return
    except Lost:
        context = await source.back(request.model, received.left)
    for rest in received.rests(context):
        async with aclosing(source.events(rest.request)) as events:
            async for event in events:
                if (missing := received.missing(rest, event)) is not None:
                    yield missing


@asynccontextmanager
async def begun(coming: AsyncGenerator[Event, None]) -> AsyncIterator[AsyncIterator[Event]]:
    """Events of which the first has come, so that what is refused is raised on entering; leaving closes them."""
    async with aclosing(coming) as events:
        first = await anext(events)
        yield _from(first, events)


async def _from(first: Event, rest: AsyncIterator[Event]) -> AsyncIterator[Event]:
    yield first
    async for event in rest:
        yield event


@dataclass(slots=True)
class Rest:
    """A request for what is missing of a text.

    Attributes:
        request: to be asked.
        choice: which one it writes on; None where it writes everything once more.
        known: pieces that come again, by choice of the request.
    """

    request: CompletionRequest
    choice: int | None
    known: Counter[int]


@dataclass(slots=True)
class Received:
    """What has come of a request until what wrote it was lost.

    Attributes:
        request: as it was asked.
        begun: when, on the monotonic clock.
    """

    request: CompletionRequest
    begun: float = field(default_factory=time.monotonic)
    started: Started | None = None
    pieces: dict[int, list[Piece]] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)

    def take(self, event: Event) -> None:
        """Notes an event."""
        match event:
            case Started():
                self.started = event
            case Piece():
                self.pieces.setdefault(event.choice, []).append(event)
            case Finished():
                self.finished.add(event.choice)

    def rests(self, context: int | None) -> list[Rest]:
        """What to ask for, so that nothing is missing and nothing comes twice.

        Each choice goes on from the last of its tokens after which the text was whole characters; that last one is
        drawn again, because what came after it (a stop text, the end) may be what was lost. Units and echoes, and
        texts that may have outgrown the model's context, are written once more from the start with the same seed.

        Args:
            context: tokens that the model can look back on; None where nothing is ever dropped.
        """
        request, started = self.request, self.started
        if started is None:
            return [Rest(self._hurried(request), None, Counter())]
        seeded = self._hurried(replace(request, seed=started.seed))
        if request.unit is not None or request.echo or not self._fits(started, context) or not self.pieces:
            again = Counter({choice: len(pieces) for choice, pieces in self.pieces.items()})
            return [Rest(seeded, None, again)]
        rests = []
        for choice in sorted(set(range(request.n)) - self.finished):
            pieces = self.pieces.get(choice, [])
            kept = _whole(pieces)
            tokens = [token for piece in pieces[:kept] for token in piece.token_ids]
            rest = replace(
                seeded,
                prompt=(*started.prompt, *tokens),
                n=1,
                drawn=request.drawn + len(tokens),
                first_choice=request.first_choice + choice,
            )
            rests.append(Rest(rest, choice, Counter({0: len(pieces) - kept})))
        return rests

    def missing(self, rest: Rest, event: Event) -> Event | None:
        """An event of a rest as one of the request; None for what has come already."""
        if isinstance(event, Started):
            return event if self.started is None else None
        if isinstance(event, Piece) and rest.known[event.choice]:
            rest.known[event.choice] -= 1
            return None
        if rest.choice is not None:
            event = event._replace(choice=rest.choice)
        return None if isinstance(event, Finished) and event.choice in self.finished else event

    def _fits(self, started: Started, context: int | None) -> bool:
        """Whether the model reads the prompt and the text so far as it read them before."""
        longest = max((len(pieces) for pieces in self.pieces.values()), default=0)
        room = math.inf if context is None else ROOM * context
        return not started.dropped and len(started.prompt) + longest < room

    def _hurried(self, request: CompletionRequest) -> CompletionRequest:
        """With what is left of the time."""
        if request.deadline is None:
            return request
        return replace(request, deadline=max(0.001, self.left))

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return math.inf if self.request.deadline is None else self.begun + self.request.deadline - time.monotonic()


def _whole(pieces: list[Piece]) -> int:
    """How many pieces to go on after: all but the last, and no further than whole characters."""
    decoder = _UTF8("replace")
    kept = 0
    for count, piece in enumerate(pieces[:-1], 1):
        decoder.decode(piece.bytes)
        if not decoder.getstate()[0]:
            kept = count
    return kept
