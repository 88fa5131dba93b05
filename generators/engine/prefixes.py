"""States found again by the longest prefix of token ids that they have been through."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

from generators.sampling import Floats

State = TypeVar("State")

ID: Final = "i"  # four bytes a token id
OVERHEAD: Final = 300  # bytes of Python's own objects around an entry, about


class Kept(NamedTuple, Generic[State]):
    """What a text had come to after `length` tokens; the state is not to be changed."""

    length: int
    state: State
    logits: Floats


def key(owner: int, tokens: Sequence[int]) -> bytes:
    """An owner's token ids as bytes: a prefix of one is a prefix of the other, compared at the speed of memory."""
    return array(ID, (owner, *tokens)).tobytes()


class PrefixCache(Generic[State]):
    """Keeps the most recently used states within a number of bytes.

    Keys lie sorted. The longest prefix of a key is then either the key just before its place or a prefix of what the
    two have in common; so a lookup is a few binary searches, however long the texts and however many.

    Args:
        capacity: bytes of states, logits and keys together.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._used = 0
        self._sorted: list[bytes] = []
        self._entries: OrderedDict[bytes, tuple[Kept[State], int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def nbytes(self) -> int:
        """Bytes in use."""
        return self._used

    def clear(self) -> None:
        """Forgets everything."""
        self._used = 0
        self._sorted.clear()
        self._entries.clear()

    def forget(self, owner: int) -> None:
        """Forgets an owner, who will not ask any more."""
        beginning = key(owner, ())
        first = after = bisect_left(self._sorted, beginning)
        while after < len(self._sorted) and self._sorted[after].startswith(beginning):
            self._used -= self._entries.pop(self._sorted[after])[1]
            after += 1
        del self._sorted[first:after]

    def longest(self, owner: int, tokens: Sequence[int]) -> Kept[State] | None:
        """What is kept of the longest prefix of an owner's tokens, if any is."""
        wanted = key(owner, tokens)
        while place := bisect_right(self._sorted, wanted):
            found = self._sorted[place - 1]
            if wanted.startswith(found):
                self._entries.move_to_end(found)
                return self._entries[found][0]
            wanted = _common(wanted, found)
        return None

    def keep(self, owner: int, tokens: Sequence[int], state: Any, logits: Floats, nbytes: int) -> None:
        """Keeps a state that nobody else will change, as long as there is room.

        Args:
            owner: by whom it may be found.
            tokens: what it has been through.
            state: a fork.
            logits: after the last token; copied.
            nbytes: of the state.
        """
        wanted = key(owner, tokens)
        size = nbytes + logits.nbytes + len(wanted) + OVERHEAD
        if size > self._capacity:
            return
        if wanted in self._entries:
            self._used -= self._entries.pop(wanted)[1]
        else:
            insort(self._sorted, wanted)
        self._entries[wanted] = Kept(len(tokens), state, logits.copy()), size
        self._used += size
        while self._used > self._capacity:
            oldest, (_, freed) = self._entries.popitem(last=False)
            self._used -= freed
            del self._sorted[bisect_left(self._sorted, oldest)]


def _common(one: bytes, other: bytes) -> bytes:
    """The longest common prefix of two keys, in whole ids."""
    low, high = 0, min(len(one), len(other))
    while low < high:  # the first `low` bytes agree
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return one[: low - low % array(ID).itemsize]
