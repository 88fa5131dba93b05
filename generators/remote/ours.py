"""How a host of ours is asked, and how a text that was broken off goes on there."""

from __future__ import annotations

import codecs
import math
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, fields, replace
from typing import Final

from generators.completion import CompletionRequest, Event, Finished, ModelInfo, Piece, Started
from generators.remote.connection import PREFIX, Connection, Lost
from generators.remote.errors import NotAnApi
from generators.wire import Json, event_from_json

WHOLE: Final = -1  # logprobs: the whole vocabulary
_UTF8: Final = codecs.getincrementaldecoder("utf-8")
ROOM: Final = 0.7  # of a context; fuller ones may have been cut, and would now be cut elsewhere


def body_of(request: CompletionRequest) -> Json:
    """The request with our extensions.

    What is the ordinary case is left out, so that a host of an older version refuses no more than what it cannot do.
    """
    told = {each.name: getattr(request, each.name) for each in fields(request)}
    return {
        **{each.name: told[each.name] for each in fields(request) if told[each.name] != each.default},
        "model": request.model.removeprefix(PREFIX),
        "prompt": request.prompt,
        "stop": list(request.stop),
        "logprobs": WHOLE if request.logprobs is None else request.logprobs,
        "events": True,
    }


async def events_of(connection: Connection, request: CompletionRequest) -> AsyncGenerator[Event, None]:
    """The events of a request, as the host's own generator gives them.

    Raises:
        Lost, UserError, ModelFailed: see `Connection.completion`.
    """
    async with connection.completion(body_of(request)) as messages:
        async for told in messages:
            try:
                events = [event_from_json(each) for each in told.get("events", ())]
            except (AttributeError, KeyError, TypeError, ValueError) as fault:
                raise NotAnApi from fault
            for event in events:
                if event is None:
                    continue
                yield event._replace(model=PREFIX + event.model) if isinstance(event, Started) else event


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
    """What has come of a request until the connection broke.

    Attributes:
        request: as it was asked.
        info: the model.
        begun: when, on the monotonic clock.
    """

    request: CompletionRequest
    info: ModelInfo
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

    def rests(self) -> list[Rest]:
        """What to ask for, so that nothing is missing and nothing comes twice.

        Each choice goes on from the last of its tokens after which the text was whole characters; that last one is
        drawn again, because what came after it (a stop text, the end) may be what was lost. Units and echoes, and
        texts that may have outgrown the model's context, are written once more from the start with the same seed.
        """
        request, started = self.request, self.started
        if started is None:
            return [Rest(self._hurried(request), None, Counter())]
        seeded = self._hurried(replace(request, seed=started.seed))
        if request.unit is not None or request.echo or not self._fits(started) or not self.pieces:
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

    def _fits(self, started: Started) -> bool:
        """Whether the model reads the prompt and the text so far as it read them before."""
        longest = max((len(pieces) for pieces in self.pieces.values()), default=0)
        room = math.inf if self.info.context is None else ROOM * self.info.context
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


async def written(connection: Connection, request: CompletionRequest, info: ModelInfo) -> AsyncGenerator[Event, None]:
    """The events of a request; a connection that breaks is made once more, and the text goes on where it was.

    Raises:
        Lost: it broke again.
        UserError, ModelFailed: see `Connection.completion`.
    """
    received = Received(request, info)
    try:
        async with aclosing(events_of(connection, request)) as events:
            async for event in events:
                received.take(event)
                yield event
            return
    except Lost:
        await connection.back(received.left)
    for rest in received.rests():
        async with aclosing(events_of(connection, rest.request)) as events:
            async for event in events:
                if (missing := received.missing(rest, event)) is not None:
                    yield missing
