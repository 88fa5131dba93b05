"""The arithmetic of a GPT-2's blocks, over the packed tokens of all texts of a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn.functional import layer_norm

from generators.gpt2.activations import ACTIVATE
from generators.gpt2.adapting import LAYERS, Adapting
from generators.gpt2.configuration import Shape
from generators.gpt2.linear import Linear, Precision, linear_of


class Attends(Protocol):
    """Some of the packed tokens, which know what they attend to."""

    def attend(self, layer: int, mixed: Tensor, answer: Tensor, scale: float) -> None:
        """Keeps the new keys and values, and writes the answers.

        Args:
            mixed: [packed tokens, 3, heads, head width]: queries, keys and values.
            answer: [packed tokens, heads, head width], of which these tokens' rows are written.
        """
        ...


class Wanted(NamedTuple):
    """The packed tokens whose last vectors alone are asked for.

    Attributes:
        rows: int64 [wanted].
        adapting: their adapters.
    """

    rows: Tensor
    adapting: Adapting | None


class _Layer(NamedTuple):
    """Parts of one block, its linear layers by the names that they have in it."""

    name: str
    ln_1: tuple[Tensor, Tensor]
    ln_2: tuple[Tensor, Tensor]
    products: dict[str, Linear]
    scale: float

    def linear(self, name: str, x: Tensor, adapting: Adapting | None) -> Tensor:
        """A linear layer's outputs, with what the rows' adapters add."""
        y = self.products[name](x)
        return y if adapting is None else adapting.add(f"{self.name}.{name}", x, y)


class Network:
    """The layers of a GPT-2.

    Args:
        shape: its sizes.
        tensors: by the names of `Shape.tensors`, float32, on the device where it computes.
        tokens: of its vocabulary; a larger embedding's further rows are never written.
        precision: of the linear layers.
    """

    def __init__(self, shape: Shape, tensors: Mapping[str, Tensor], tokens: int, precision: Precision) -> None:
        self._shape = shape
        self._activate = ACTIVATE[shape.activation]

        def pair(name: str) -> tuple[Tensor, Tensor]:
            return tensors[f"{name}.weight"], tensors[f"{name}.bias"]

        self._tokens, self._positions = tensors["wte.weight"], tensors["wpe.weight"]
        head = (self._tokens if shape.tied else tensors["lm_head.weight"])[:tokens]
        self._head = linear_of(precision, head.t(), None)
        self._last_norm = pair("ln_f")
        self._layers = [
            _Layer(
                f"h.{layer}",
                pair(f"h.{layer}.ln_1"),
                pair(f"h.{layer}.ln_2"),
                {name: linear_of(precision, *pair(f"h.{layer}.{name}")) for name in LAYERS},
                shape.scale(layer),
            )
            for layer in range(shape.layers)
        ]

    def embedded(self, ids: Tensor, places: Tensor) -> Tensor:
        """The first vectors [tokens, width] of token ids at their places in their texts."""
        return self._tokens[ids] + self._positions[places]

    def through(
        self, x: Tensor, parts: Sequence[Attends], adapting: Adapting | None, wanted: Wanted | None = None
    ) -> Tensor:
        """The last hidden vectors of the packed tokens [tokens, width], whose first are used up.

        Args:
            wanted: of which tokens alone; of the others the last block makes keys and values, and nothing else.
        """
        heads, width = self._shape.heads, self._shape.head_width
        for number, layer in enumerate(self._layers):
            mixed = layer.linear("attn.c_attn", self._norm(x, layer.ln_1), adapting).view(len(x), 3, heads, width)
            answer = torch.empty_like(x, dtype=mixed.dtype)
            for part in parts:
                part.attend(number, mixed, answer.view(len(x), heads, width), layer.scale)
            if wanted is not None and number == len(self._layers) - 1:
                x, answer, adapting = x[wanted.rows], answer[wanted.rows], wanted.adapting
            x += layer.linear("attn.c_proj", answer, adapting)
            inner = self._activate(layer.linear("mlp.c_fc", self._norm(x, layer.ln_2), adapting))
            x += layer.linear("mlp.c_proj", inner, adapting)
        return x

    def logits(self, hidden: Tensor) -> Tensor:
        """Float32 [tokens, vocabulary]."""
        return self._head(self._norm(hidden, self._last_norm)).float()

    def _norm(self, x: Tensor, weights: tuple[Tensor, Tensor]) -> Tensor:
        return layer_norm(x, (self._shape.width,), *weights, self._shape.epsilon)
