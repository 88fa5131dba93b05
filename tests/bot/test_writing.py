"""How a text reads while it grows and when it is whole."""

from __future__ import annotations

from bot.writing import Draft, Order
from generators.completion import ModelInfo, Piece, Sampling, Started
from generators.errors import english

MODEL = ModelInfo("poet", "3", "charrnn", "character", context=1_024, sampling=Sampling(temperature=(1.0, 0.2)))


def whole(*pieces: Piece, order: Order, dropped: int = 0) -> str:
    draft = Draft(order, order, MODEL)
    draft.started = Started("poet", "3", 7, (1, 2), dropped)
    for piece in pieces:
        draft.take(piece)
    return draft.message(english, whole=True).text


def piece(text: str, choice: int = 0) -> Piece:
    return Piece(choice, (1,), text.encode(), text, -1.0)


def test_what_decided_it() -> None:
    """A whole text names its model, temperature and seed; the model's own temperature where nobody chose one."""
    assert whole(piece(" b"), order=Order(before="a")) == "a▸ b\n\n— model=poet temperature=1,0.2 seed=7"


def test_what_was_asked_for() -> None:
    """What was asked for beside that is named too, as a line takes it; what was not is left out."""
    text = whole(piece(" b"), order=Order(before="a", label='short "and" funny', length=30, top_k=0, top_p=0.5))

    assert text.endswith('temperature=1,0.2 label="short \\"and\\" funny" length=30 top_k=0 top_p=0.5 seed=7')


def test_dropped() -> None:
    """What the model could not look back on is said."""
    text = whole(piece("b"), order=Order(before="a"), dropped=1_312)

    assert "\n\n(The model cannot look back so far: the first 1,312 tokens of the prompt were left out.)\n— " in text


def test_nothing_written() -> None:
    """A model that ends its text at once is said to have done so."""
    assert whole(order=Order(before="a")).startswith("a▸\n\n(The model ended the text at once.)\n— ")


def test_choices() -> None:
    """Pieces of several texts go to their own lines."""
    text = whole(piece("b"), piece("c", 1), piece("d"), order=Order(before="a", n=2))

    assert text.startswith("a▸\n1▸bd\n2▸c\n\n")


def test_nul() -> None:
    """A NUL that a model writes is shown as its symbol: PostgreSQL stores none."""
    assert whole(piece("b\0"), order=Order()).startswith("b␀\n")
