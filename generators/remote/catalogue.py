"""Which models a host has, asked for now and then."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from generators.completion import ModelInfo
from generators.errors import InvalidValue, UserError
from generators.remote.connection import PREFIX, Connection
from generators.wire import FIELD, Json, info_from_json

FRESH: Final = 10.0  # s that a list holds
AWAY: Final = 3.0  # s in which a host that did not answer is not asked again, so that nobody else waits for it
FOREIGN_ALTERNATIVES: Final = 5  # what OpenAI's API gives at most

_log: Final = logging.getLogger(__name__)


class Listed(NamedTuple):
    """A model of the host.

    Attributes:
        info: as it is listed here.
        ours: whether the host is one of ours, which knows our extensions.
    """

    info: ModelInfo
    ours: bool


class Catalogue:
    """The models of one host.

    Args:
        connection: to the host.
        ticks: seconds that only go forward.
    """

    def __init__(self, connection: Connection, ticks: Callable[[], float] = time.monotonic) -> None:
        self._connection = connection
        self._ticks = ticks
        self._asking = asyncio.Lock()
        self._listed: dict[str, Listed] = {}
        self._fault: UserError | None = None
        self._asked: float | None = None  # when

    async def all(self, *, newer_than: float | None = None) -> dict[str, Listed]:
        """The models by their names here; while the host is away, those that it had.

        Args:
            newer_than: ask again unless the list is younger than so many seconds.

        Raises:
            UserError: the host has never answered, and does not now.
        """
        async with self._asking:
            most = AWAY if self._fault is not None else FRESH if newer_than is None else newer_than
            if self._asked is None or self._ticks() - self._asked >= most:
                await self._ask()
        if self._fault is not None and not self._listed:
            raise self._fault
        return self._listed

    async def _ask(self) -> None:
        try:
            told = await self._connection.models()
        except UserError as fault:
            if type(fault) is not type(self._fault):  # once, not every time
                _log.warning("the models of the host cannot be listed: %s", fault)
            self._fault = fault
        else:
            if self._fault is not None:
                _log.info("the host of the models is back")
            self._listed = {each.info.name: each for each in map(listed, told)}
            self._fault = None
        self._asked = self._ticks()


def listed(told: Json) -> Listed:
    """A model as a host's list tells of it."""
    name = PREFIX + told["id"]
    if isinstance(facts := told.get(FIELD), dict):
        try:
            return Listed(info_from_json(name, facts), ours=True)
        except (KeyError, TypeError, ValueError, InvalidValue) as fault:
            _log.warning("the facts of %s are of another version (%s)", name, fault)
    length = told.get("max_model_len")  # vLLM
    return Listed(
        ModelInfo(
            name=name,
            version="",
            kind="remote",
            token="piece",
            context=length if isinstance(length, int) and length > 0 else None,
            units=frozenset(),  # words need whole distributions, and a vote needs token ids
            echo=False,
            seeds=False,
            alternatives=FOREIGN_ALTERNATIVES,
            description=f"on a host of {told.get('owned_by') or 'another kind'}",
        ),
        ours=False,
    )
