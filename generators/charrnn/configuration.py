"""The shape of a char-RNN, as `config.json` has it."""

from __future__ import annotations

from typing import Any

from transformers import PretrainedConfig


class CharRNNConfig(PretrainedConfig):  # type: ignore[misc]
    """A char-RNN with an attention-weighted running average.

    Args:
        vocab_size: tokens, special ones included.
        embedding_size: features of a token.
        hidden_sizes: units of each recurrent layer, the first layer first.
        cell: `lstm` or `gru`.
        attention_decay: what a token's weight in the average is multiplied by at each later token, in (0, 1].
        dropout: share of the features that training drops after the embedding and after each layer, in [0, 1).
        bos_token_id, eos_token_id: one token is both: a text stands between two of it.
        pad_token_id: fills batches; never predicted.
    """

    model_type = "charrnn"

    def __init__(
        self,
        vocab_size: int = 258,
        embedding_size: int = 100,
        hidden_sizes: tuple[int, ...] | list[int] = (128, 128),
        cell: str = "lstm",
        attention_decay: float = 0.99,
        dropout: float = 0.0,
        bos_token_id: int = 1,
        eos_token_id: int = 1,
        pad_token_id: int = 0,
        **others: Any,
    ) -> None:
        if cell not in ("lstm", "gru"):
            raise ValueError(f"cell has to be lstm or gru, not {cell!r}")
        self.vocab_size = vocab_size
        self.embedding_size = embedding_size
        self.hidden_sizes = list(hidden_sizes)
        self.cell = cell
        self.attention_decay = attention_decay
        self.dropout = dropout
        self.num_hidden_layers = len(self.hidden_sizes)  # the name that tools of the hub look for
        others.setdefault("tie_word_embeddings", False)
        super().__init__(bos_token_id=bos_token_id, eos_token_id=eos_token_id, pad_token_id=pad_token_id, **others)

    @property
    def features(self) -> int:
        """Width of what the average is taken over: the embedding beside every layer's output."""
        return int(self.embedding_size + sum(self.hidden_sizes))
