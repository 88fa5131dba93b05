"""What a char-RNN's `config.json` says about its tensors and its reading, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, TypeGuard

GATES: Final = {"lstm": 4, "gru": 3}
ATTENTIONS: Final = ("running", "none", "window")
TOKENS: Final = ("character", "word")
MOST_LAYERS: Final = 100  # far above what can be trained; bounds what is prepared before weights are looked at
TAIL_DIVISOR: Final = 4  # by which each cluster's projection narrows; torch.nn.AdaptiveLogSoftmaxWithLoss, div_value


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides a char-RNN's arithmetic; `CharRNNConfig` says what each field means.

    Attributes:
        adaptive_cutoffs: first token ids of the adaptive softmax's clusters; empty where the output is one layer.
        labels: token id of each label.
        pad: the token that fills a window at its left.
        start: the token that begins a text, and ends what its labels hold for.
    """

    vocab_size: int
    embedding_size: int
    hidden_sizes: tuple[int, ...]
    cell: str
    attention_decay: float = 0.99
    attention: str = "running"
    window: int | None = None
    bidirectional: bool = False
    adaptive_cutoffs: tuple[int, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    token: str = "character"
    pad: int = 0
    start: int = 1

    def __post_init__(self) -> None:
        if self.cell not in GATES:
            raise ValueError(f"config.json names the cell {self.cell}, which has to be lstm or gru")
        if not self.hidden_sizes or min(self.vocab_size, self.embedding_size, *self.hidden_sizes) < 1:
            raise ValueError("config.json has sizes below 1")
        if len(self.hidden_sizes) > MOST_LAYERS:
            raise ValueError(f"config.json has {len(self.hidden_sizes):,} layers, of which there can be {MOST_LAYERS}")
        if not 0 < self.attention_decay <= 1:
            raise ValueError("config.json has an attention_decay outside (0, 1]")
        if self.token not in TOKENS:
            raise ValueError(f"config.json names the token {self.token}, which has to be character or word")
        self._check_reading()
        self._check_cutoffs()
        for name, token in self.labels.items():
            if not 0 <= token < self.vocab_size:
                raise ValueError(f"config.json gives the label {name} the id {token}, which is outside the vocabulary")
            if token in (self.pad, self.start):
                raise ValueError(f"config.json gives the label {name} the id of another special token")
        if len(set(self.labels.values())) < len(self.labels):
            raise ValueError("config.json gives two labels the same id")

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Shape:
        """The shape that a config.json describes; one without the newer fields is a streaming running average.

        Raises:
            ValueError: a field is missing, outside its range, or does not go with another; the message says which.
        """
        sizes, decay = config.get("hidden_sizes"), config.get("attention_decay", 0.99)
        layers = sizes if isinstance(sizes, Sequence) and not isinstance(sizes, str) else [None]
        whole = [config.get("vocab_size"), config.get("embedding_size"), *layers]
        if not (all(map(_whole, whole)) and (isinstance(decay, float) or _whole(decay))):
            raise ValueError("config.json lacks a number: vocab_size, embedding_size, hidden_sizes or attention_decay")
        window, cutoffs = config.get("window"), config.get("adaptive_cutoffs") or ()
        labels = config.get("labels") or {}
        if not (window is None or _whole(window)):
            raise ValueError(f"config.json has the window {window!r}, which has to be a whole number or null")
        if not (isinstance(cutoffs, Sequence) and all(map(_whole, cutoffs))):
            raise ValueError("config.json has adaptive_cutoffs that are no list of whole numbers")
        if not (isinstance(labels, Mapping) and all(map(_whole, labels.values()))):
            raise ValueError("config.json has labels that are no names with token ids")
        bidirectional = config.get("bidirectional")
        if not (bidirectional is None or isinstance(bidirectional, bool)):
            raise ValueError(f"config.json has bidirectional {bidirectional!r}, which has to be true or false")
        special = {name: config.get(name) for name in ("pad_token_id", "bos_token_id")}
        for name, token in special.items():
            if not (token is None or _whole(token)):
                raise ValueError(f"config.json has the {name} {token!r}, which has to be a whole number or null")
        pad, start = special.values()
        return cls(
            whole[0],
            whole[1],
            tuple(whole[2:]),
            str(config.get("cell")),
            decay,
            str(config.get("attention") or "running"),
            window,
            bool(bidirectional),
            tuple(cutoffs),
            dict(labels),
            str(config.get("token") or "character"),
            0 if pad is None else pad,
            1 if start is None else start,
        )

    @property
    def widths(self) -> tuple[int, ...]:
        """Features of each layer's output: twice its units where it reads both ways."""
        return tuple(size * (2 if self.bidirectional else 1) for size in self.hidden_sizes)

    @property
    def features(self) -> int:
        """Width of what an average is taken over: the embedding beside every layer's output."""
        return self.embedding_size + sum(self.widths)

    @property
    def head_width(self) -> int:
        """Numbers that the output layer reads."""
        return {"running": 2 * self.features, "window": self.features, "none": self.widths[-1]}[self.attention]

    @property
    def clusters(self) -> list[tuple[int, int]]:
        """Tokens and projection width of each cluster of the adaptive softmax behind its head, the first first."""
        ends = (*self.adaptive_cutoffs, self.vocab_size)
        return [
            (end - start, self.head_width // TAIL_DIVISOR ** (cluster + 1))
            for cluster, (start, end) in enumerate(pairwise(ends))
        ]

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes that model.safetensors has to have."""
        shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (self.vocab_size, self.embedding_size)}
        if self.attention != "none":
            shapes["attention.weight"] = (1, self.features)
        shapes |= self._output_tensors()
        below = self.embedding_size
        for layer, (size, width) in enumerate(zip(self.hidden_sizes, self.widths, strict=True)):
            rows = GATES[self.cell] * size
            for way in ("", "_reverse") if self.bidirectional else ("",):
                shapes[f"rnn.{layer}.weight_ih_l0{way}"] = (rows, below)
                shapes[f"rnn.{layer}.weight_hh_l0{way}"] = (rows, size)
                shapes[f"rnn.{layer}.bias_ih_l0{way}"] = shapes[f"rnn.{layer}.bias_hh_l0{way}"] = (rows,)
            below = width
        return shapes

    def _output_tensors(self) -> dict[str, tuple[int, ...]]:
        if not self.adaptive_cutoffs:
            return {"output.weight": (self.vocab_size, self.head_width), "output.bias": (self.vocab_size,)}
        head = self.adaptive_cutoffs[0] + len(self.adaptive_cutoffs)
        shapes: dict[str, tuple[int, ...]] = {"output.head.weight": (head, self.head_width)}
        for cluster, (tokens, width) in enumerate(self.clusters):
            shapes[f"output.tail.{cluster}.0.weight"] = (width, self.head_width)
            shapes[f"output.tail.{cluster}.1.weight"] = (tokens, width)
        return shapes

    def _check_reading(self) -> None:
        """Makes sure that window, direction and attention go together.

        Raises:
            ValueError: they do not.
        """
        if self.attention not in ATTENTIONS:
            raise ValueError(
                f"config.json names the attention {self.attention}, which has to be running, none or window"
            )
        if self.window is not None and self.window < 1:
            raise ValueError("config.json has a window below 1")
        if self.window is None and self.bidirectional:
            raise ValueError("config.json asks for bidirectional layers, which need a window")
        if self.window is None and self.attention == "window":
            raise ValueError("config.json asks for attention over a window and names no window")
        if self.window is not None and self.attention == "running":
            raise ValueError("config.json has a window, beside which attention has to be window or none")
        if not 0 <= self.pad < self.vocab_size:
            raise ValueError("config.json has a pad_token_id outside the vocabulary")

    def _check_cutoffs(self) -> None:
        """Makes sure that the clusters of the adaptive softmax are possible.

        Raises:
            ValueError: they are not.
        """
        if not self.adaptive_cutoffs:
            return
        if not all(before < after for before, after in pairwise((0, *self.adaptive_cutoffs, self.vocab_size))):
            raise ValueError("config.json has adaptive_cutoffs that do not rise from above 0 to below vocab_size")
        if not self.clusters[-1][1]:
            raise ValueError("config.json has more adaptive_cutoffs than the output's width can be divided for")


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
