"""Completion objects from events."""

from __future__ import annotations

from generators.completion import Finished, Piece, Started
from generators.host.answers import Answers


def answers(dropped: int) -> Answers:
    """Of a text of one piece."""
    made = Answers("tales", 1, logprobs=False, events=False)
    piece = Piece(0, (7,), b" on", " on", -1.0, (), True)
    made.take([Started("tales", "1", 3, (1, 2, 3, 4), dropped, 0), piece, Finished(0, "length", 4, 1)])
    return made


def test_a_prompt_that_is_too_long() -> None:
    """How many of a prompt's tokens are left out is told with the answer, and with each message of a stream."""
    assert answers(120).whole()["planchette"] == {"dropped": 120}
    assert [chunk["planchette"] for chunk in answers(120).chunks()] == [{"dropped": 120}]
    assert answers(120).usage()["planchette"] == {"dropped": 120}


def test_a_prompt_that_fits() -> None:
    """Where nothing is left out, an answer is OpenAI's and nothing more."""
    assert answers(0).whole().keys() == {"id", "object", "created", "model", "choices", "usage"}
