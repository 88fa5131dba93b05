"""Stop texts: found wherever they begin, and nothing shown that may still become one."""

from __future__ import annotations

from collections.abc import Sequence


class StopMatcher:
    """Follows a text as it grows and finds the stop text that is complete first.

    It works on UTF-8 bytes, in which a character never begins inside another, so that tokens may end anywhere.

    Args:
        stops: texts, none of them empty.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop.encode() for stop in stops)
        self._longest = max((len(stop) for stop in self._stops), default=0)
        self._tail = b""  # the last bytes, as many as a stop can begin in
        self._length = 0

    def feed(self, more: bytes) -> tuple[int, bool]:
        """Takes the text further.

        Returns:
            How many bytes of the text from its beginning are settled, and whether it stops there.
        """
        text = self._tail + more
        start = self._length - len(self._tail)
        self._length += len(more)
        ends = [(found + len(stop), found) for stop in self._stops if (found := text.find(stop)) >= 0]
        if ends:
            return start + min(ends)[1], True
        held = max((_overlap(text, stop) for stop in self._stops), default=0)
        self._tail = text[len(text) - held :]
        return self._length - held, False


def _overlap(text: bytes, stop: bytes) -> int:
    """The longest end of the text that begins the stop."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
