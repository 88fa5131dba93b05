"""What is checked and fed before the engine writes: labels."""

from __future__ import annotations

import pytest

from generators.completion import ModelInfo
from generators.engine.intake import labels_of
from generators.errors import Unsupported


def model(*labels: str) -> ModelInfo:
    return ModelInfo("tiny", "1", "charrnn", "character", labels=labels)


@pytest.mark.parametrize(
    ("asked", "labels"),
    [
        ("funny", ["funny"]),
        ("funny,short", ["funny", "short"]),
        (" short , funny,", ["short", "funny"]),
        ("funny,funny", ["funny"]),
        ("a, b", ["a, b"]),
    ],
)
def test_labels(asked: str, labels: list[str]) -> None:
    """Several labels are joined by commas; one whose own name has a comma is asked for by its whole name."""
    assert labels_of(asked, model("funny", "short", "a, b")) == labels


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("sad", "The model tiny cannot do this: texts of the kind sad; it has funny, short. Choose another model."),
        (
            "funny,sad",
            "The model tiny cannot do this: texts of the kind sad; it has funny, short. Choose another model.",
        ),
        (",", "The model tiny cannot do this: texts of the kind ,; it has funny, short. Choose another model."),
    ],
)
def test_unknown(asked: str, sentence: str) -> None:
    """A label that the model does not have is refused by its name, beside those that there are."""
    with pytest.raises(Unsupported) as refusal:
        labels_of(asked, model("funny", "short"))

    assert refusal.value.sentence() == sentence


def test_many_labels() -> None:
    """Of hundreds of labels, the refusal shows the first twenty."""
    with pytest.raises(Unsupported) as refusal:
        labels_of("x", model(*(f"r/{number}" for number in range(300))))

    assert refusal.value.sentence().endswith("r/18, r/19, …. Choose another model.")


def test_none() -> None:
    """A model without labels refuses what it was asked for as a whole."""
    with pytest.raises(Unsupported) as refusal:
        labels_of("funny,short", model())

    assert refusal.value.sentence() == (
        "The model tiny cannot do this: texts of the kind funny,short; it has no labels. Choose another model."
    )
