"""The shape of a char-RNN, as `config.json` has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import PretrainedConfig

from generators.charrnn.shape import Shape


class CharRNNConfig(PretrainedConfig):  # type: ignore[misc]
    """A recurrent network that writes characters or words.

    Args:
        vocab_size: tokens, special ones and labels included.
        embedding_size: features of a token.
        hidden_sizes: units of each recurrent layer, the first layer first.
        cell: `lstm` or `gru`.
        attention: what the output layer reads. `running`: the features (embedding and every layer's output) beside a
            decayed running average of them, weighed by a learnt score. `none`: the last layer's output. `window`: only
            the weighted average of the features over the whole window, as textgenrnn has it.
        attention_decay: what a token's weight in the running average is multiplied by at each later token, in (0, 1].
        window: tokens that each prediction sees, padding included, with the state starting anew for each; None reads
            the text as a stream, where a token costs one step instead of a window of them. Not beside `running`.
        bidirectional: whether each layer also reads from right to left; needs a window.
        adaptive_cutoffs: first token ids of the adaptive softmax's clusters behind its head (Grave et al. 2017), for
            vocabularies in the order of frequency; empty for one output layer.
        labels: token id of each label; a label's embedding is added to the input of every later token of its text.
        token: what a token is, `character` or `word`.
        dropout: share of the features that training drops after the embedding and after each layer, in [0, 1).
        bos_token_id, eos_token_id: one token is both: a text stands between two of it.
        pad_token_id: fills batches at the right and windows at the left; never predicted.

    Raises:
        ValueError: a value is out of its range, or two do not go together; the message says which.
    """

    model_type = "charrnn"

    def __init__(
        self,
        vocab_size: int = 258,
        embedding_size: int = 100,
        hidden_sizes: Sequence[int] = (128, 128),
        cell: str = "lstm",
        attention: str = "running",
        attention_decay: float = 0.99,
        window: int | None = None,
        bidirectional: bool = False,
        adaptive_cutoffs: Sequence[int] = (),
        labels: Mapping[str, int] | None = None,
        token: str = "character",
        dropout: float = 0.0,
        bos_token_id: int = 1,
        eos_token_id: int = 1,
        pad_token_id: int = 0,
        **others: Any,
    ) -> None:
        if not (isinstance(dropout, int | float) and 0 <= dropout < 1):
            raise ValueError(f"config.json has the dropout {dropout!r}, which has to be in [0, 1)")
        self.vocab_size = vocab_size
        self.embedding_size = embedding_size
        self.hidden_sizes = list(hidden_sizes)
        self.cell = cell
        self.attention = attention
        self.attention_decay = attention_decay
        self.window = window
        self.bidirectional = bidirectional
        self.adaptive_cutoffs = list(adaptive_cutoffs)
        self.labels = dict(labels or {})
        self.token = token
        self.dropout = dropout
        self.num_hidden_layers = len(self.hidden_sizes)  # the name that tools of the hub look for
        others.setdefault("tie_word_embeddings", False)
        super().__init__(bos_token_id=bos_token_id, eos_token_id=eos_token_id, pad_token_id=pad_token_id, **others)
        self.shape  # noqa: B018 - raises where the values do not go together

    @property
    def shape(self) -> Shape:
        """The same as what the writers read, checked.

        Raises:
            ValueError: a value is out of its range, or two do not go together.
        """
        return Shape.of(vars(self))

    @property
    def features(self) -> int:
        """Width of what the average is taken over: the embedding beside every layer's output."""
        return self.shape.features
