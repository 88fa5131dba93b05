"""Which replicas write with a model, and which of them finds it warm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from generators.cluster.plan import Pool
from generators.errors import UserError
from generators.host.tuned import PREFIX
from generators.kinds import base_in_use
from generators.local import Shelf

FRESH: Final = 10.0  # s that a route holds; a model may be trained again, over another base
MOST: Final = 10_000  # routes that are remembered


class Route(NamedTuple):
    """Where a model's requests go.

    Attributes:
        pool: whose replicas write with it.
        together: it is one channel's, so that one replica is enough for it.
    """

    pool: Pool
    together: bool

    def session(self, model: str, user: str) -> str:
        """What Serve's router chooses the replica by, the same one each time; an empty one means any.

        A model of one channel is loaded once, and all that is asked of it finds it there. Any other is on all replicas
        of its pool: there each user (a channel's story, a person) finds the state in which its last text was left.
        """
        if self.together:
            return model
        return f"{model} {user}" if user else ""


class Routes:
    """The routes of a deployment.

    Args:
        pools: the first has the models that no other names.
        shelves: where the models are.
        ticks: seconds that only go forward.
    """

    def __init__(
        self, pools: Sequence[Pool], shelves: Sequence[Shelf], ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._pools = tuple(pools)
        self._shelves = tuple(shelves)
        self._ticks = ticks
        self._known: dict[str, tuple[float, Route]] = {}

    async def to(self, model: str) -> Route:
        """The route to a model, whatever its version; the first pool's where there is none, which says so itself."""
        name, _, version = model.partition("@")
        asked, route = self._known.get(name, (0.0, None))
        if route is None or self._ticks() - asked >= FRESH:
            route = await asyncio.to_thread(self._route, name, version or None)
            if len(self._known) >= MOST:  # names that strangers made up, for the most part
                self._known.clear()
            self._known[name] = self._ticks(), route
        return route

    def _route(self, name: str, version: str | None) -> Route:
        if (own := self._of(name)) is not None:
            return Route(own, together=False)
        base = self._base(name, version)
        if base is not None:
            return Route(self._of(base) or self._pools[0], together=True)
        return Route(self._pools[0], together=name.startswith(PREFIX))

    def _of(self, name: str) -> Pool | None:
        return next((pool for pool in self._pools if name in pool.models), None)

    def _base(self, name: str, version: str | None) -> str | None:
        """The name of the model that one was adapted from; None where it is no adapter."""
        for shelf in self._shelves:
            try:
                directory = shelf.directory(name, version)
                base = None if directory is None else base_in_use(directory)
            except UserError:  # the replica that is to write with it says what is wrong with it
                return None
            if directory is not None:
                return None if base is None else self._named(base.resolve().parts)
        return None

    def _named(self, parts: tuple[str, ...]) -> str:
        """The name that a directory's path has on its shelf."""
        for shelf in self._shelves:
            above = shelf.path.resolve().parts
            if parts[: len(above)] == above:
                return parts[len(above)]
        return parts[-1]
