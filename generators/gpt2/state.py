"""What a text has been through: its keys and values in every layer, put away or in a seat."""

from __future__ import annotations

from collections.abc import Sequence

from generators.gpt2.adapting import Adapter
from generators.gpt2.seats import AHEAD, Past, Seat, Seats


def sit_down(states: Sequence[TextState]) -> None:
    """Has texts of one model sit where each has room for one token more; those who have to move do so together."""
    moving = [state for state in states if not state.has_room]
    if not moving:
        return
    seats = moving[0].seats
    seats.reserve([state.length - (state.past.tokens if state.apart else 0) for state in moving])
    left: list[Seat] = []
    try:
        for state in moving:
            seat = state.move()
            if seat is not None:
                left.append(seat)
    finally:  # also where memory was short halfway: whoever has moved has left
        seats.leave(left)


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

    __slots__ = ("__weakref__", "_forked", "adapter", "past", "seat", "seats")

    def __init__(self, past: Past, seats: Seats, adapter: Adapter | None = None, *, forked: bool = False) -> None:
        self.past = past
        self.adapter = adapter
        self.seat: Seat | None = None
        self.seats = seats
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
            return TextState(self.put_away(), self.seats, self.adapter, forked=True)
        sibling = TextState(self.past, self.seats, self.adapter, forked=True)
        sibling.seat = self.seats.take(sibling, [self.seat.taken])
        return sibling

    def put_away(self) -> Past:
        """Gives its seat back: all that it has been through is its past."""
        if self.seat is not None:
            self.past = Past.joined((self.past, self.seat.taken))
            left, self.seat = self.seat, None
            self.seats.leave([left])
        return self.past

    def sit(self) -> Seat:
        """A seat with room for one token more; the past is in it, unless it is a fork's."""
        sit_down([self])
        assert self.seat is not None
        return self.seat

    @property
    def apart(self) -> bool:
        """Whether its past stays where it is when it takes a seat."""
        return self._forked and (self.seat is None or self.seat.used < AHEAD)

    @property
    def has_room(self) -> bool:
        """Whether it sits where there is room for one token more."""
        return self.seat is not None and not self.seat.is_full and (self.apart or not self.past.tokens)

    def move(self) -> Seat | None:
        """Takes a seat with room for one token more; the one that it leaves is still to be given back."""
        parts, left = [] if self.apart else [self.past], self.seat
        self.seat = self.seats.take(self, parts if left is None else [*parts, left.taken])
        if parts:
            self.past = self.seats.nothing
        return left

    def stepped(self) -> None:
        """The token is in its seat."""
        assert self.seat is not None
        self.seat.used += 1
        self._forked = False
