"""What is being played with a version ends to be written by it as soon as it is tainted, wherever it lies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from bot.names import versioned
from bot.visibility import OutOfUse
from generators.completion import CompletionRequest, Event, Generator, ModelInfo
from storage import channel_models
from storage.database import Database


class Withholding:
    """A generator that lets no tainted version write: stories and games keep the names of those that they began with.

    Args:
        generator: writes.
        database: knows which are tainted.
    """

    def __init__(self, generator: Generator, database: Database) -> None:
        self._generator = generator
        self._database = database

    async def models(self) -> Sequence[ModelInfo]:
        """What it can write with now, the default first."""
        return await self._generator.models()

    @asynccontextmanager
    async def complete(self, request: CompletionRequest) -> AsyncIterator[AsyncIterator[Event]]:
        """Streams a text; leaving the context cancels it.

        Raises:
            OutOfUse: the version is tainted.
            UserError: on entering, when the request cannot be met.
        """
        model, version = versioned(request.model)
        row = await self._database.read(partial(channel_models.get, model=model, version=version or ""))
        if row is not None and row.tainted is not None:
            raise OutOfUse(request.model)
        async with self._generator.complete(request) as events:
            yield events

    async def close(self) -> None:
        """Ends what runs and gives memory and threads back."""
        await self._generator.close()
