"""How a host of ours is asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import fields
from typing import Final

from generators.completion import CompletionRequest, Event, ModelInfo, Started
from generators.remote.connection import PREFIX, Connection
from generators.remote.errors import NotAnApi
from generators.wire import Json, event_from_json

WHOLE: Final = -1  # logprobs: the whole vocabulary


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


class OurHost:
    """Writes a model's texts; a `generators.resuming.Source`.

    Args:
        connection: to the host.
        info: the model.
    """

    def __init__(self, connection: Connection, info: ModelInfo) -> None:
        self._connection = connection
        self._info = info

    async def events(self, request: CompletionRequest) -> AsyncGenerator[Event, None]:
        """The events of a request, as the host's own generator gives them.

        Raises:
            Lost, UserError, ModelFailed: see `Connection.completion`.
        """
        async with self._connection.completion(body_of(request)) as messages:
            async for told in messages:
                try:
                    events = [event_from_json(each) for each in told.get("events", ())]
                except (AttributeError, KeyError, TypeError, ValueError) as fault:
                    raise NotAnApi from fault
                for event in events:
                    if event is None:
                        continue
                    yield event._replace(model=PREFIX + event.model) if isinstance(event, Started) else event

    async def back(self, model: str, patience: float) -> int | None:
        """Waits until the host takes connections again, for as long as a restart takes."""
        del model
        await self._connection.back(patience)
        return self._info.context
