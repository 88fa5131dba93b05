"""Pieces on their way out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from generators.completion import Event, Piece
from generators.engine.outlet import Outlet


def given_out(data: list[bytes], stops: tuple[str, ...] = ()) -> tuple[list[Piece], bool]:
    """The pieces that come out for tokens with these bytes."""
    events: list[Event] = []
    outlet = Outlet(0, events.append, stops)
    stopped = False
    for place, each in enumerate(data):
        stopped = outlet.put((place,), each, -1.0, last=place == len(data) - 1)
        if stopped:
            break
    return [event for event in events if isinstance(event, Piece)], stopped


@given(st.lists(st.binary(max_size=3), max_size=12))
def test_any_bytes(data: list[bytes]) -> None:
    """Without stop texts every token is a piece, bytes joined are the text, and no character is shown by halves."""
    pieces, stopped = given_out(data)

    assert not stopped
    assert [piece.bytes for piece in pieces] == data
    assert "".join([piece.text for piece in pieces]) == b"".join(data).decode("utf-8", "replace")


@given(
    st.lists(st.text(alphabet="abé", max_size=3), max_size=12),
    st.lists(st.text(alphabet="abé", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_stop_texts(texts: list[str], stops: list[str]) -> None:
    """What comes out is the text before the stop that is complete first, in bytes as in characters."""
    data = [text.encode() for text in texts]

    pieces, stopped = given_out(data, tuple(stops))

    whole = "".join(texts)
    ends = [(whole.find(stop) + len(stop), whole.find(stop)) for stop in stops if stop in whole]
    expected = whole[: min(ends)[1]] if ends else whole
    assert stopped == bool(ends)
    assert "".join([piece.text for piece in pieces]) == expected
    assert b"".join([piece.bytes for piece in pieces]).decode() == expected
    assert [piece.token_ids for piece in pieces] == [(place,) for place in range(len(pieces))]


def test_a_stop_within_a_token() -> None:
    """Of the token in which a stop text begins, what stands before it comes out."""
    pieces, stopped = given_out([b"one", b" two.Three", b" four"], (".",))

    assert stopped
    assert [piece.bytes for piece in pieces] == [b"one", b" two"]


def test_held_back_until_certain() -> None:
    """What may become a stop text waits, and comes out once it did not."""
    events: list[Event] = []
    outlet = Outlet(0, events.append, ("abc",))

    outlet.put((1,), b"xab", -1.0)
    waiting = len(events)
    outlet.put((2,), b"d", -1.0)

    assert waiting == 0
    assert [event.text for event in events if isinstance(event, Piece)] == ["xab", "d"]
