"""Stop texts."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.engine.stops import StopMatcher

SOME = st.text(alphabet="ab é", min_size=1, max_size=4)


def chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut for cut in cuts if cut <= len(data)), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def followed(stops: list[str], pieces: list[bytes]) -> tuple[int, bool]:
    matcher = StopMatcher(stops)
    settled, stopped = 0, False
    for piece in pieces:
        settled, stopped = matcher.feed(piece)
        if stopped:
            break
    return settled, stopped


@given(st.text(alphabet="ab é", max_size=30), st.lists(SOME, min_size=1, max_size=3), st.lists(st.integers(0, 40)))
def test_any_pieces(text: str, stops: list[str], cuts: list[int]) -> None:
    """The stop text that is complete first ends the text before it, wherever the pieces end."""
    data = text.encode()

    settled, stopped = followed(stops, chunks(data, cuts))

    ends = [
        (data.find(stop.encode()) + len(stop.encode()), data.find(stop.encode()))
        for stop in stops
        if stop.encode() in data
    ]
    assert stopped == bool(ends)
    if ends:
        assert settled == min(ends)[1]


@given(st.text(alphabet="ab", max_size=20), st.lists(st.text(alphabet="ab", min_size=1, max_size=5), min_size=1))
def test_nothing_settles_too_early(text: str, stops: list[str]) -> None:
    """What is settled never has to be taken back, and as much as possible is settled."""
    matcher = StopMatcher(stops)
    seen = b""
    for character in text.encode():
        seen += bytes([character])
        settled, stopped = matcher.feed(bytes([character]))
        if stopped:
            return
        begun = [n for stop in stops for n in range(1, len(stop)) if seen.endswith(stop[:n].encode())]
        assert settled == len(seen) - max(begun, default=0)


@pytest.mark.parametrize(
    ("text", "stops", "kept"),
    [
        ("one\n\ntwo", ["\n\n"], "one"),
        ("aab", ["ab"], "a"),
        ("abc", ["bcd", "bc"], "a"),
        ("abcd", ["bcd", "c"], "ab"),
        ("naïve", ["ï"], "na"),
    ],
)
def test_examples(text: str, stops: list[str], kept: str) -> None:
    """Overlaps, prefixes of each other and letters of two bytes."""
    settled, stopped = followed(stops, [text.encode()])

    assert stopped
    assert text.encode()[:settled].decode() == kept
