"""Writes with the models of another machine."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Final

from generators.completion import CompletionRequest, Event, ModelInfo
from generators.registry import unknown
from generators.remote import foreign
from generators.remote.catalogue import Catalogue, Listed
from generators.remote.connection import PREFIX, Connection
from generators.remote.errors import ConnectionLost
from generators.remote.ours import OurHost
from generators.resuming import Lost, begun, written

DOUBT: Final = 1.0  # s; a name that a list of this age does not have is asked for once more


class RemoteGenerator:
    """Writes with a completions API; its models are `remote:NAME`.

    A host of ours gives every event as its own generator does; any other server text and up to five alternatives.

    Args:
        url: of the API, with or without the `/v1` at its end.
        key: sent as a bearer key.
        authority: PEM certificates that vouch for the host; None for those that are trusted anyway.
        ticks: seconds that only go forward.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        authority: Path | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = Connection(url, key, authority)
        self._catalogue = Catalogue(self._connection, ticks)

    async def models(self) -> Sequence[ModelInfo]:
        """What the host has; while it is away, what it had.

        Raises:
            UserError: it has never answered, and does not now.
        """
        return [each.info for each in (await self._catalogue.all()).values()]

    @asynccontextmanager
    async def complete(self, request: CompletionRequest) -> AsyncIterator[AsyncIterator[Event]]:
        """Streams a text; leaving the context cancels it, here and on the host.

        Raises:
            UserError: the request cannot be met, or the host cannot be had.
        """
        if not request.model.startswith(PREFIX):
            raise unknown(request.model, ())
        async with begun(self._events(request)) as events:
            yield events

    async def close(self) -> None:
        """Gives the connections back."""
        await self._connection.close()

    async def _events(self, request: CompletionRequest) -> AsyncGenerator[Event, None]:
        listed = await self._listed(request.model)
        if listed.ours:
            coming = written(OurHost(self._connection, listed.info), request)
        else:
            foreign.check(request, listed.info)
            coming = foreign.Foreign(self._connection, request, listed.info).written()
        try:
            async with aclosing(coming) as events:
                async for event in events:
                    yield event
        except Lost as fault:
            raise ConnectionLost from fault

    async def _listed(self, name: str) -> Listed:
        """The model of that name, whatever its version.

        Raises:
            UnknownModel: the host does not have it.
            UserError: the host cannot be had.
        """
        plain = name.partition("@")[0]
        found = (await self._catalogue.all()).get(plain) or (await self._catalogue.all(newer_than=DOUBT)).get(plain)
        if found is None:
            raise unknown(name, await self._catalogue.all())
        return found
