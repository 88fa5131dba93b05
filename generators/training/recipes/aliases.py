"""textgenrnn's names for what recipes decide, so that its users find their options again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from generators.errors import InvalidValue

ALIASES: Final[Mapping[str, str]] = {
    "num_epochs": "epochs",
    "rnn_layers": "layers",
    "rnn_size": "hidden_size",
    "rnn_bidirectional": "bidirectional",
    "dim_embeddings": "embedding_size",
    "max_length": "window",
    "max_gen_length": "max_tokens",
}
TRAIN_SIZE: Final = "train_size"  # what is not held out


def canonical(values: Mapping[str, str]) -> dict[str, str]:
    """Options under the names of recipes' fields, with underscores.

    Raises:
        InvalidValue: one was given twice, under two names, or `train_size` is no share.
    """
    named: dict[str, str] = {}
    for typed, value in values.items():
        name = typed.replace("-", "_")
        field = "held_out" if name == TRAIN_SIZE else ALIASES.get(name, name)
        if field in named:
            raise InvalidValue(typed, value, f"left out where {field.replace('_', '-')} is given, which is the same")
        named[field] = _held_out(value) if name == TRAIN_SIZE else value
    return named


def aliases_of(field: str) -> list[str]:
    """Other names of a field."""
    return [alias for alias, name in ALIASES.items() if name == field]


def _held_out(train_size: str) -> str:
    try:
        share = float(train_size)
    except ValueError:
        share = float("nan")
    if not 0.1 <= share <= 1:  # recipes hold out 0.9 at most
        raise InvalidValue(TRAIN_SIZE, train_size, "a number from 0.1 to 1")
    return f"{1 - share:.12g}"
