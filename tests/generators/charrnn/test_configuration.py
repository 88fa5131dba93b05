from __future__ import annotations

from typing import Any

import pytest

from generators.charrnn.configuration import CharRNNConfig
from generators.charrnn.shape import Shape

OLD = {
    "vocab_size": 273,
    "embedding_size": 5,
    "hidden_sizes": [8, 6],
    "cell": "lstm",
    "attention_decay": 0.98,
    "bos_token_id": 1,
    "eos_token_id": 1,
    "pad_token_id": 0,
}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"cell": "rnn"}, "the cell rnn"),
        ({"attention": "soft"}, "the attention soft"),
        ({"token": "piece"}, "the token piece"),
        ({"attention_decay": 1.5}, "attention_decay outside"),
        ({"attention_decay": 10**400}, "attention_decay outside"),
        ({"attention_decay": True}, "lacks a number"),
        ({"bidirectional": "false"}, "bidirectional 'false'"),
        ({"hidden_sizes": []}, "sizes below 1"),
        ({"hidden_sizes": [1] * 101}, "101 layers"),
        ({"hidden_sizes": [8.0]}, "lacks a number"),
        ({"bidirectional": True}, "bidirectional layers, which need a window"),
        ({"attention": "window"}, "attention over a window and names no window"),
        ({"window": 40}, "beside which attention has to be window or none"),
        ({"window": 0, "attention": "none"}, "a window below 1"),
        ({"window": "many", "attention": "none"}, "the window 'many'"),
        ({"adaptive_cutoffs": [100, 100]}, "do not rise"),
        ({"adaptive_cutoffs": [200, 100]}, "do not rise"),
        ({"adaptive_cutoffs": [0, 100]}, "do not rise"),
        ({"adaptive_cutoffs": [100, 258]}, "do not rise"),
        ({"adaptive_cutoffs": [50, 100, 150], "hidden_sizes": [32], "attention": "none"}, "more adaptive_cutoffs than"),
        ({"labels": {"funny": 258}}, "the label funny the id 258"),
        ({"labels": {"funny": 200, "short": 200}}, "two labels the same id"),
        ({"labels": {"funny": 1}}, "the label funny the id of another special token"),
        ({"labels": {"funny": "two"}}, "labels that are no names"),
        ({"pad_token_id": 258}, "pad_token_id outside"),
    ],
)
def test_refused(fields: dict[str, Any], reason: str) -> None:
    """Values out of range, or that do not go together, are refused with the reason, by torch and the writers."""
    with pytest.raises(ValueError, match=reason):
        CharRNNConfig(**fields)
    with pytest.raises(ValueError, match=reason):
        Shape.of({**OLD, "vocab_size": 258, **fields})


@pytest.mark.parametrize("dropout", [1.0, -0.1, "half", None])
def test_dropout(dropout: Any) -> None:
    """A share of features that nothing would be left of, or that is none, is refused before anything is trained."""
    with pytest.raises(ValueError, match="the dropout"):
        CharRNNConfig(dropout=dropout)


def test_old_files() -> None:
    """A config.json without the newer fields is a stream with a running average, as it always was."""
    shape = Shape.of(OLD)

    assert shape == Shape(273, 5, (8, 6), "lstm", 0.98)
    assert (shape.attention, shape.window, shape.bidirectional) == ("running", None, False)
    assert (shape.adaptive_cutoffs, shape.labels, shape.token) == ((), {}, "character")


def test_widths() -> None:
    """Layers that read both ways are twice as wide for what stands above them."""
    config = CharRNNConfig(hidden_sizes=[128, 64], window=40, attention="window", bidirectional=True)

    assert config.shape.widths == (256, 128)
    assert config.features == config.shape.head_width == 100 + 256 + 128
