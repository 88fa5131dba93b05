"""From tokens to pieces: whole characters, and nothing that may still become a stop text."""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from generators.completion import Alternative, Event, Piece
from generators.engine.stops import StopMatcher

_UTF8: Final = codecs.getincrementaldecoder("utf-8")


class _Held(NamedTuple):
    end: int  # bytes of the text up to here
    token_ids: tuple[int, ...]
    bytes: bytes
    logprob: float
    alternatives: tuple[Alternative, ...]
    exact: bool


class Outlet:
    """One choice's pieces on their way out.

    A piece leaves once none of its bytes can become part of a stop text, so that pieces joined are the text; of the
    piece in which a stop text begins, the bytes before it leave.

    Args:
        choice: named in each piece.
        append: takes the pieces.
        stops: texts before which the text ends.
    """

    def __init__(self, choice: int, append: Callable[[Event], None], stops: Sequence[str] = ()) -> None:
        self._choice = choice
        self._append = append
        self._matcher = StopMatcher(stops) if stops else None
        self._held: deque[_Held] = deque()
        self._length = 0
        self._decoder = _UTF8("replace")

    @property
    def clean(self) -> bool:
        """Whether nothing is held back and no character is incomplete."""
        return self._matcher is None and not self._decoder.getstate()[0]

    def put(
        self,
        token_ids: tuple[int, ...],
        data: bytes,
        logprob: float,
        alternatives: tuple[Alternative, ...] = (),
        *,
        exact: bool = True,
        last: bool = False,
    ) -> bool:
        """Takes a piece; True where a stop text is complete, and nothing more is to come."""
        if self._matcher is None:
            self._leave(token_ids, data, logprob, alternatives, exact, last)
            return False
        self._length += len(data)
        self._held.append(_Held(self._length, token_ids, data, logprob, alternatives, exact))
        settled, stopped = self._matcher.feed(data)
        if stopped:
            self._cut(settled)
        elif last:
            self.flush(last=True)
        else:
            settled = self._free(settled)
            while self._held and self._held[0].end <= settled:
                self._leave(*self._held.popleft()[1:])
        return stopped

    def _free(self, settled: int) -> int:
        """How much of the text may leave, of what can no longer become a stop text."""
        return settled

    def flush(self, *, last: bool = False) -> None:
        """No stop text came: what was held back leaves."""
        while self._held:
            self._leave(*self._held.popleft()[1:], last=last and not self._held)

    def _cut(self, length: int) -> None:
        """What stands before the stop text leaves, the rest is dropped."""
        while self._held:
            piece = self._held.popleft()
            kept = len(piece.bytes) - max(0, piece.end - length)
            if kept <= 0 and piece.bytes:
                break
            final = piece.end >= length
            self._leave(piece.token_ids, piece.bytes[:kept], *piece[3:], last=final)
            if final:
                break
        self._held.clear()

    def _leave(
        self,
        token_ids: tuple[int, ...],
        data: bytes,
        logprob: float,
        alternatives: tuple[Alternative, ...],
        exact: bool,
        last: bool = False,
    ) -> None:
        text = self._decoder.decode(data, last)
        self._append(Piece(self._choice, token_ids, data, text, logprob, alternatives, exact))
