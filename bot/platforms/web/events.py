"""What happens in a room as server-sent events: each message whole, in the order of storage's event numbers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, NamedTuple, Protocol

from starlette.responses import StreamingResponse
from starlette.types import Send

from bot.platforms.web.hub import Hub
from bot.platforms.web.show import shown
from storage.rooms import RoomMessage

HEARTBEAT: Final = 15  # s; proxies close what is silent for 30 to 60 s
BATCH: Final = 100  # messages read at once
RETRY: Final = 1000  # ms until a browser connects again


class Changes(NamedTuple):
    """What has happened in a room.

    Attributes:
        messages: written or edited after an event, in the order of events.
        deleted: the event at which messages were last deleted, whenever that was.
    """

    messages: list[RoomMessage]
    deleted: int


class Source(Protocol):
    """Where followers read: the room as one person sees it."""

    async def changes(self, room: str, person: str | None, after_event: int) -> Changes: ...
    async def now(self, room: str, person: str | None) -> int: ...


class Following:
    """One reader's way through a room's events.

    Args:
        source: where messages are read.
        hub: rings when the room has changed.
        room: the room's name.
        person: whose private messages are read too.
        last: the last event that the reader has had; None: only what comes from now on.
        heartbeat: seconds between comments while nothing happens.
    """

    def __init__(
        self, source: Source, hub: Hub, *, room: str, person: str | None, last: int | None, heartbeat: float = HEARTBEAT
    ) -> None:
        self._source = source
        self._hub = hub
        self._room = room
        self._person = person
        self._last = last
        self._heartbeat = heartbeat

    async def lines(self) -> AsyncGenerator[str, None]:
        """The stream, until the reader or the room goes away.

        It begins with an event that has an id and no data: it reaches no listener, but whoever is cut off before the
        first message resumes from there.
        """
        with self._hub.following(self._room) as bell:
            last = told = await self._start()
            yield f"retry: {RETRY}\nid: {last}\n\n"
            known = last  # what was written up to this event has been sent, as it was then or later
            sent: set[int] = set()  # and of what was written since, this
            while not self._hub.closed:
                bell.clear()
                changes, deleted = await self._source.changes(self._room, self._person, last)
                if deleted > told:
                    told = deleted
                    # before what is still to be sent: whoever is cut off in between is told once more
                    last = min(deleted, changes[0].event - 1) if changes else deleted
                    yield f"event: deletion\nid: {last}\ndata: {{}}\n\n"
                for message in changes:
                    is_new = message.id > known and message.id not in sent
                    yield _event("message" if is_new else "edit", message)
                    sent.add(message.id)
                    last = message.event
                if len(changes) < BATCH:
                    known = last
                    sent.clear()
                    if not await _rings(bell, self._heartbeat):
                        yield ": still here\n\n"

    async def _start(self) -> int:
        """The event after which the reader goes on."""
        now = await self._source.now(self._room, self._person)
        if self._last is None or self._last > now:  # a number from another database: nothing would ever come
            return now
        return self._last


class EventStream(StreamingResponse):
    """Sends a reader's events until either side goes away."""

    def __init__(self, following: Following) -> None:
        self._lines = following.lines()
        super().__init__(
            self._lines,
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},  # nginx would hold events back until its buffer is full
        )

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._lines):  # else the room would keep ringing for a reader who left
            await super().stream_response(send)


def _event(kind: str, message: RoomMessage) -> str:
    return f"event: {kind}\nid: {message.event}\ndata: {shown(message).model_dump_json()}\n\n"


async def _rings(bell: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(bell.wait(), seconds)
    except TimeoutError:
        return False
    return True
