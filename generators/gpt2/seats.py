"""Keys and values of the texts that are being written, side by side, so that a step's attention is one product.

A text sits in a row of a bucket: tensors for so many tokens a row, as many as its own length asks for. So the sizes
that its numbers are computed in depend on its own length alone, never on who else is being written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Final, NamedTuple
from weakref import ReferenceType, ref

import torch
from torch import Tensor

from generators.devices import is_shortage
from generators.gpt2.configuration import Shape

AHEAD: Final = 16  # tokens of its own that a fork may have while its past stays where its siblings find it, too
FEWEST: Final = 4  # tokens of most forks that look a word ahead, of which a crowd's votes hold thousands


_versions: Final = count()


class Past(NamedTuple):
    """Keys and values that nobody changes any more, so that texts which begin alike share them.

    Attributes:
        keys, values: [layers, heads, tokens, head width].
    """

    keys: Tensor
    values: Tensor

    @property
    def tokens(self) -> int:
        return self.keys.shape[2]

    @property
    def nbytes(self) -> int:
        return self.keys.nbytes + self.values.nbytes

    @classmethod
    def joined(cls, parts: Sequence[Past]) -> Past:
        """Parts of a text, one after the other, in a piece of its own."""
        return cls(torch.cat([part.keys for part in parts], 2), torch.cat([part.values for part in parts], 2))


class Seat:
    """A row of a bucket, and how many tokens of it are filled."""

    __slots__ = ("bucket", "owner", "row", "used")

    def __init__(self, bucket: Bucket, row: int, owner: ReferenceType[object]) -> None:
        self.bucket = bucket
        self.row = row
        self.owner = owner
        self.used = 0

    @property
    def is_full(self) -> bool:
        return self.used == self.bucket.capacity

    @property
    def nbytes(self) -> int:
        """Of the row, whether filled or not."""
        return self.bucket.keys[:, self.row].nbytes + self.bucket.values[:, self.row].nbytes

    @property
    def taken(self) -> Past:
        """What is there so far; it changes with the seat."""
        return Past(self.bucket.keys[:, self.row, :, : self.used], self.bucket.values[:, self.row, :, : self.used])

    def fill(self, part: Past) -> None:
        """Puts more tokens behind those that are there."""
        after = self.used + part.tokens
        self.bucket.keys[:, self.row, :, self.used : after] = part.keys
        self.bucket.values[:, self.row, :, self.used : after] = part.values
        self.used = after


class Bucket:
    """Rows of one capacity, the first of which are taken.

    Attributes:
        keys, values: [layers, rows, heads, capacity, head width]; 0 where nobody's tokens are, because what is masked
            is still multiplied by 0, and the NaNs of a broken model would be the next text's, too. Only the place where
            a row's next token will go may hold anything: a step that was replayed, or failed, leaves that behind.
        version: another number whenever keys and values are other tensors.
        seats: those taken, by row.
    """

    def __init__(self, shape: Shape, capacity: int, like: Tensor) -> None:
        self.capacity = capacity
        self.seats: list[Seat] = []
        empty = like.new_zeros((shape.layers, 0, shape.heads, capacity, shape.head_width))
        self._set(empty, empty)

    def reserve(self, count: int) -> None:
        """Rows for so many more: a power of two in all, so that those who come one by one seldom ask for more."""
        needed = len(self.seats) + count
        if needed > self.keys.shape[1]:
            rows = 1 << (needed - 1).bit_length()
            self._set(*[_with_rows(each, rows) for each in (self.keys, self.values)])

    def take(self, owner: object) -> Seat:
        """A seat behind the others."""
        self.reserve(1)
        seat = Seat(self, len(self.seats), ref(owner))
        self.seats.append(seat)
        return seat

    def leave(self, seat: Seat) -> None:
        """Gives a seat back, and wipes it; whoever sat last moves there, so that there are no gaps."""
        last = self.seats.pop()
        for each in (self.keys, self.values):
            if last is not seat:
                reach = max(last.used, seat.used) + 1  # a step that failed may have begun a token more
                each[:, seat.row, :, :reach] = each[:, last.row, :, :reach]
            each[:, last.row, :, : last.used + 1] = 0
        if last is not seat:
            self.seats[seat.row] = last
            last.row = seat.row

    def shrink(self) -> None:
        """Gives half of the rows back while three quarters of them are free, as far as there is memory to move to."""
        rows = self.keys.shape[1]
        while 4 * len(self.seats) <= rows > 1:
            rows //= 2
        if rows < self.keys.shape[1]:
            try:
                self._set(*[each[:, :rows].clone() for each in (self.keys, self.values)])
            except (MemoryError, RuntimeError) as fault:  # then they stay: nobody has lost anything
                if not is_shortage(fault):
                    raise

    def _set(self, keys: Tensor, values: Tensor) -> None:
        self.keys, self.values = keys, values
        self.version = next(_versions)


class Seats:
    """All buckets of a model.

    Args:
        shape: the model's sizes.
        like: a tensor of the number format and on the device that keys and values are kept in.
        rooms: how its buckets are cut.

    Attributes:
        nothing: the past of a text that has not begun.
    """

    def __init__(self, shape: Shape, like: Tensor, rooms: Rooms) -> None:
        self._shape = shape
        self._like = like
        self._rooms = rooms
        self._buckets: dict[int, Bucket] = {}
        empty = like.new_zeros((shape.layers, shape.heads, 0, shape.head_width))
        self.nothing = Past(empty, empty)

    def __len__(self) -> int:
        """Seats taken."""
        return sum(len(bucket.seats) for bucket in self._buckets.values())

    def reserve(self, lengths: Iterable[int]) -> None:
        """Rows for texts of such lengths, which are about to take seats: asked for once, and not row by row."""
        for capacity, texts in Counter(map(self._capacity_for, lengths)).items():
            self._bucket(capacity).reserve(texts)

    def take(self, owner: object, parts: Sequence[Past]) -> Seat:
        """A seat with these tokens in it and room for one more; it is free again once `owner` is gone, at `sweep`."""
        seat = self._bucket(self._capacity_for(sum(part.tokens for part in parts))).take(owner)
        for part in parts:
            seat.fill(part)
        return seat

    def leave(self, seats: Iterable[Seat]) -> None:
        """Gives seats back; nothing is asked of the memory for it."""
        together: dict[Bucket, list[Seat]] = {}
        for seat in seats:
            together.setdefault(seat.bucket, []).append(seat)
        for bucket, leaving in together.items():
            if len(leaving) == len(bucket.seats) and not self._rooms.stay:
                bucket.seats.clear()
                del self._buckets[bucket.capacity]  # nobody sits there any more: it needs no wiping
                continue
            for seat in sorted(leaving, key=lambda seat: seat.row, reverse=True):  # so that few have to move up
                bucket.leave(seat)

    def sweep(self) -> None:
        """Gives back the seats of texts that nobody holds any more, and rows that are free, unless buckets stay."""
        self.leave([seat for bucket in self._buckets.values() for seat in bucket.seats if seat.owner() is None])
        if not self._rooms.stay:
            self.trim()

    def trim(self) -> None:
        """Gives back the rows that are free."""
        self._buckets = {capacity: bucket for capacity, bucket in self._buckets.items() if bucket.seats}
        for bucket in self._buckets.values():
            bucket.shrink()

    def _capacity_for(self, tokens: int) -> int:
        return min(self._rooms.capacity_for(tokens + 1), self._shape.context)

    def _bucket(self, capacity: int) -> Bucket:
        if capacity not in self._buckets:
            self._buckets[capacity] = Bucket(self._shape, capacity, self._like)
        return self._buckets[capacity]


def capacity_for(tokens: int) -> int:
    """Tokens of the rows where a text of so many sits: up to 15 more, or a quarter more."""
    if tokens <= FEWEST:
        return FEWEST
    step = max(16, 1 << max(0, tokens.bit_length() - 3))
    return -(-tokens // step) * step


def coarse_capacity_for(tokens: int) -> int:
    """Likewise where few capacities are wanted: 128, or twice, four times … as many; those of forks stay small."""
    return max(128, 1 << (tokens - 1).bit_length()) if tokens > AHEAD else capacity_for(tokens)


class Rooms(NamedTuple):
    """How buckets are cut.

    Attributes:
        capacity_for: tokens of the rows where a text of so many sits.
        stay: whether buckets keep their rows where they are, until memory is short.
    """

    capacity_for: Callable[[int], int]
    stay: bool


FINE: Final = Rooms(capacity_for, stay=False)  # where memory is what a step waits for
COARSE: Final = Rooms(coarse_capacity_for, stay=True)  # where recorded steps know rows by their addresses


def _with_rows(tensor: Tensor, rows: int) -> Tensor:
    layers, taken, heads, capacity, width = tensor.shape
    grown = tensor.new_zeros((layers, rows, heads, capacity, width))
    grown[:, :taken] = tensor
    return grown
