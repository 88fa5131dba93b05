"""What a text has been through: its keys and values in every layer, put away or in a seat."""

from __future__ import annotations

from generators.gpt2.adapting import Adapter
from generators.gpt2.seats import AHEAD, Past, Seat, Seats


class TextState:
    """A text's past, and behind it what it has in its seat.

    A text is put away while it is read or waits. It takes a seat once it goes on token by token, and its past moves
    there. A fork leaves its past where it is for one token: most forks look ahead beside many others of the same text,
    whose past is then read once for all of them, and are forked again themselves.

    Args:
        past: what it has been through.
        seats: where it sits.
        adapter: that it is written with; None for the base alone.
        forked: others may go on from the same past now.
    """

    __slots__ = ("__weakref__", "_forked", "_seats", "adapter", "past", "seat")

    def __init__(self, past: Past, seats: Seats, adapter: Adapter | None = None, *, forked: bool = False) -> None:
        self.past = past
        self.adapter = adapter
        self.seat: Seat | None = None
        self._seats = seats
        self._forked = forked

    @property
    def length(self) -> int:
        """Tokens that it has been through."""
        return self.past.tokens + (0 if self.seat is None else self.seat.used)

    @property
    def nbytes(self) -> int:
        """Of its past, shared or not, and of its seat."""
        return self.past.nbytes + (0 if self.seat is None else self.seat.nbytes)

    def fork(self) -> TextState:
        """A text that begins as this one and goes its own way."""
        if self.seat is None or not self.past.tokens:
            return TextState(self.put_away(), self._seats, self.adapter, forked=True)
        sibling = TextState(self.past, self._seats, self.adapter, forked=True)
        sibling.seat = self._seats.take(sibling, [self.seat.taken])
        return sibling

    def put_away(self) -> Past:
        """Gives its seat back: all that it has been through is its past."""
        if self.seat is not None:
            self.past = Past.joined((self.past, self.seat.taken))
            left, self.seat = self.seat, None
            self._seats.leave(left)
        return self.past

    def sit(self) -> Seat:
        """A seat with room for one token more; the past is in it, unless it is a fork's."""
        own = 0 if self.seat is None else self.seat.used
        apart = self._forked and own < AHEAD
        if self.seat is not None and not self.seat.is_full and (apart or not self.past.tokens):
            return self.seat
        parts = [] if apart else [self.past]
        left = self.seat
        self.seat = self._seats.take(self, parts if left is None else [*parts, left.taken])
        if not apart:
            self.past = self._seats.nothing
        if left is not None:
            self._seats.leave(left)
        return self.seat

    def stepped(self) -> None:
        """The token is in its seat."""
        assert self.seat is not None
        self.seat.used += 1
        self._forked = False
