"""Writing with a GPT-2 in torch: one step over the tokens of all texts, packed without padding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Literal, NamedTuple, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, linear, relu

from generators.completion import ModelInfo
from generators.devices import use_threads
from generators.gpt2.attention import Piece, attended
from generators.gpt2.configuration import Shape
from generators.gpt2.state import TextState
from generators.model import Logits
from generators.vocabulary import Vocabulary

_tanh = partial(gelu, approximate="tanh")
ACTIVATE: Final[Mapping[str, Callable[[Tensor], Tensor]]] = {
    "gelu_new": _tanh,
    "gelu_pytorch_tanh": _tanh,
    "gelu": gelu,
    "relu": relu,
}


class _Layer(NamedTuple):
    """Tensors of one block, weights as [in, out]."""

    ln_1: tuple[Tensor, Tensor]
    attention: tuple[Tensor, Tensor]
    projection: tuple[Tensor, Tensor]
    ln_2: tuple[Tensor, Tensor]
    up: tuple[Tensor, Tensor]
    down: tuple[Tensor, Tensor]
    scale: float


class GPT2:
    """A loaded GPT-2: `generators.model.Model`, by arithmetic that is transformers' within 1e-4.

    Each text attends to its own keys and values only, so no row depends on its neighbours; all else is done on the
    packed tokens of all texts.

    Args:
        info: what it says about itself.
        vocabulary: its tokens; a larger embedding's further rows are never written.
        shape: its sizes.
        tensors: by the names of `Shape.tensors`, float32.
        device: where it computes.
        threads: of torch, where it computes on the processor; None for what suits the machine.
    """

    def __init__(
        self,
        info: ModelInfo,
        vocabulary: Vocabulary,
        shape: Shape,
        tensors: Mapping[str, Tensor],
        device: torch.device | None = None,
        threads: int | None = None,
    ) -> None:
        self._info = info
        self._vocabulary = vocabulary
        self._shape = shape
        self._device = device or torch.device("cpu")
        self._threads = threads
        self._activate = ACTIVATE[shape.activation]
        placed = {name: tensor.to(self._device) for name, tensor in tensors.items()}

        def pair(name: str) -> tuple[Tensor, Tensor]:
            return placed[f"{name}.weight"], placed[f"{name}.bias"]

        self._tokens, self._positions = placed["wte.weight"], placed["wpe.weight"]
        self._head = (self._tokens if shape.tied else placed["lm_head.weight"])[: vocabulary.size]
        self._last_norm = pair("ln_f")
        self._layers = [
            _Layer(
                pair(f"h.{layer}.ln_1"),
                pair(f"h.{layer}.attn.c_attn"),
                pair(f"h.{layer}.attn.c_proj"),
                pair(f"h.{layer}.ln_2"),
                pair(f"h.{layer}.mlp.c_fc"),
                pair(f"h.{layer}.mlp.c_proj"),
                shape.scale(layer),
            )
            for layer in range(shape.layers)
        ]
        self._nothing = torch.empty((shape.layers, 2, shape.heads, 0, shape.head_width), device=self._device)

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def vocabulary(self) -> Vocabulary:
        return self._vocabulary

    def start(self) -> TextState:
        """The state before any token."""
        return TextState(None, self._nothing, 0)

    def fork(self, state: TextState) -> TextState:
        """A copy that goes its own way and shares the keys and values so far."""
        with torch.inference_mode():
            return state.fork()

    def nbytes(self, state: TextState) -> int:
        """Memory that a forked state holds, in bytes, what it shares with others included."""
        return state.nbytes + 1_000  # Python's and torch's own, about

    @torch.inference_mode()
    def vector(self, state: TextState) -> NDArray[np.float32]:
        """The mean over the text's tokens of the values that its last layer attends to; see `Embeds.vector`."""
        values = [state.own[-1, 1, :, : state.used], *([] if state.shared is None else [state.shared[-1, 1]])]
        found: NDArray[np.float32] = torch.cat(values, dim=1).float().mean(dim=1).flatten().cpu().numpy()
        return found

    @overload
    def extend(self, states: Sequence[TextState], tokens: Sequence[Sequence[int]]) -> Logits: ...
    @overload
    def extend(
        self, states: Sequence[TextState], tokens: Sequence[Sequence[int]], logits: Literal["last"]
    ) -> Logits: ...
    @overload
    def extend(
        self, states: Sequence[TextState], tokens: Sequence[Sequence[int]], logits: Literal["all"]
    ) -> list[Logits]: ...
    @torch.inference_mode()
    def extend(
        self, states: Sequence[TextState], tokens: Sequence[Sequence[int]], logits: Literal["last", "all"] = "last"
    ) -> Logits | list[Logits]:
        """Takes each state further by its tokens (at least one each), in place; see `Model.extend`.

        Raises:
            ValueError: a text would become longer than the context; no state has been changed then.
        """
        use_threads(self._threads)
        lengths = [len(ids) for ids in tokens]
        for state, count in zip(states, lengths, strict=True):
            if state.length + count > self._shape.context:
                raise ValueError(f"a text of {state.length + count:,} tokens exceeds {self._shape.context:,} positions")
        for state, count in zip(states, lengths, strict=True):
            state.reserve(count, self._shape.context)
        hidden = self._through(states, tokens, lengths)
        if logits == "last":
            ends = torch.tensor(lengths).cumsum(0) - 1
            return self._logits(hidden[ends.to(self._device)])
        return [self._logits(rows) for rows in torch.split(hidden, lengths)]

    def _through(self, states: Sequence[TextState], tokens: Sequence[Sequence[int]], lengths: list[int]) -> Tensor:
        """The packed tokens' last hidden vectors [all tokens, width]."""
        ids = torch.tensor([token for each in tokens for token in each], device=self._device)
        places = [torch.arange(state.length, state.length + n) for state, n in zip(states, lengths, strict=True)]
        x = self._tokens[ids] + self._positions[torch.cat(places).to(self._device)]
        for number, layer in enumerate(self._layers):
            x += torch.addmm(
                layer.projection[1],
                self._attention(number, layer, self._norm(x, layer.ln_1), states, lengths),
                layer.projection[0],
            )
            inner = self._activate(torch.addmm(layer.up[1], self._norm(x, layer.ln_2), layer.up[0]))
            x += torch.addmm(layer.down[1], inner, layer.down[0])
        for state, count in zip(states, lengths, strict=True):
            state.used += count
        return x

    def _attention(
        self, number: int, layer: _Layer, x: Tensor, states: Sequence[TextState], lengths: list[int]
    ) -> Tensor:
        """Self-attention [all tokens, width] before its projection; keeps the new keys and values."""
        heads, width = self._shape.heads, self._shape.head_width
        mixed = torch.addmm(layer.attention[1], x, layer.attention[0]).view(len(x), 3, heads, width)
        answer = x.new_empty((len(x), heads, width))
        at = 0
        for state, count in zip(states, lengths, strict=True):
            queries, *new = mixed[at : at + count].permute(1, 2, 0, 3)
            own = state.own[number]
            after = state.used + count
            own[0, :, state.used : after] = new[0]
            own[1, :, state.used : after] = new[1]
            pieces = []
            if state.shared is not None:
                pieces.append(Piece(state.shared[number, 0], state.shared[number, 1], new=False))
            first = state.used if count > 1 else 0  # one new token sees all of its own: one piece is enough
            if first:
                pieces.append(Piece(own[0, :, :first], own[1, :, :first], new=False))
            pieces.append(Piece(own[0, :, first:after], own[1, :, first:after], new=count > 1))
            answer[at : at + count] = attended(queries, pieces, layer.scale)
            at += count
        return answer.view(len(x), heads * width)

    def _norm(self, x: Tensor, weights: tuple[Tensor, Tensor]) -> Tensor:
        return layer_norm(x, (self._shape.width,), *weights, self._shape.epsilon)

    def _logits(self, hidden: Tensor) -> Logits:
        answer: Logits = linear(self._norm(hidden, self._last_norm), self._head).cpu().numpy()
        return answer
