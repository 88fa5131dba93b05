"""Updates on their way to the bot: kept until a poll confirms them, or posted to its webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.fakes.telegram.changes import Changes
from tests.fakes.telegram.refusal import Refused

LIMIT: Final = 100  # updates in an answer; getUpdates
# What comes only to those who ask for it by name (getUpdates, allowed_updates).
UNASKED: Final = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class Updates:
    """The queue between the world and the bot.

    Attributes:
        allowed: the kinds that the bot asked for last; empty for all but those in UNASKED.
        unknown_fields: whether updates carry fields that nobody knows.
    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self.allowed: frozenset[str] = frozenset()
        self.unknown_fields = False
        self._pending: list[dict[str, Any]] = []
        self._again: list[dict[str, Any]] = []
        self._repeated: set[int] = set()
        self._to_repeat = 0
        self._held: list[dict[str, Any]] | None = None
        self._next = 500_000_001
        self._arrived = asyncio.Event()
        self._poll: asyncio.Future[None] | None = None

    def put(self, kind: str, payload: Any) -> None:
        """Something happened that the bot may hear of."""
        if kind not in self.allowed if self.allowed else kind in UNASKED:
            return
        number, self._next = self._next, self._next + 1
        update = {"update_id": number, kind: payload}
        if self.unknown_fields:
            update["seen_from_mars"] = {"rovers": [1, 2]}
            update[kind] = {**payload, "weather": {"sky": "red"}}
        if self._to_repeat:
            self._to_repeat -= 1
            self._repeated.add(number)
        if self._held is None:
            self._add([update])
        else:
            self._held.append(update)

    def repeat(self, updates: int) -> None:
        """Lets the next updates come again after they were confirmed."""
        self._to_repeat += updates

    @contextmanager
    def out_of_order(self) -> Iterator[None]:
        """Lets what happens inside arrive together and in reverse."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            self._add(held[::-1])

    @property
    def pending(self) -> int:
        """How many were not confirmed yet."""
        return len(self._pending)

    @property
    def polled(self) -> bool:
        """Whether a poll waits."""
        return self._poll is not None

    def forget(self) -> None:
        """Drops what is pending."""
        self._pending.clear()

    async def poll(self, offset: int, limit: int, timeout: int) -> list[dict[str, Any]]:
        """What getUpdates answers; ends an earlier poll that still waits with 409.

        Args:
            offset: confirms all updates before this id; negative: forgets all but the last -offset.
            limit: 1 to 100 updates.
            timeout: seconds to wait for one.
        """
        self._confirm(offset)
        if self._poll is not None and not self._poll.done():
            self._poll.cancel("another poll")
        if not self._ready and timeout > 0:
            await self._wait(timeout)
        again, self._again = self._again, []
        return (again + self._pending)[: min(max(limit, 1), LIMIT)]

    async def first(self) -> dict[str, Any]:
        """The oldest update, as soon as there is one, for a webhook."""
        while not self._ready:
            self._arrived.clear()
            await self._arrived.wait()
        return (self._again or self._pending)[0]

    def delivered(self, update: dict[str, Any]) -> None:
        """A webhook took this update."""
        if self._again and self._again[0] is update:
            del self._again[0]
        else:
            self._drop([one for one in self._pending if one is not update])

    @property
    def _ready(self) -> bool:
        return bool(self._pending or self._again)

    def _add(self, updates: list[dict[str, Any]]) -> None:
        self._pending.extend(updates)
        if self._pending:
            self._arrived.set()
        self._changes.tell()

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            self._drop(self._pending[offset:])
        elif offset > 0:
            self._drop([update for update in self._pending if update["update_id"] >= offset])

    def _drop(self, left: list[dict[str, Any]]) -> None:
        stays = {id(update) for update in left}
        for update in self._pending:
            if id(update) not in stays and update["update_id"] in self._repeated:
                self._repeated.discard(update["update_id"])
                self._again.append(update)
        self._pending = left
        self._changes.tell()

    async def _wait(self, timeout: int) -> None:
        poll = self._poll = asyncio.get_running_loop().create_future()
        self._changes.tell()
        self._arrived.clear()
        arrival = asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait({arrival, poll}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            arrival.cancel()
            superseded = poll.cancelled()
            if self._poll is poll:
                self._poll = None
            self._changes.tell()
        if superseded:
            raise Refused(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )
