"""Writing with a GPT-2 in torch: one step over the tokens of all texts, packed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Literal, NamedTuple, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import layer_norm

from generators.completion import ModelInfo
from generators.devices import is_shortage, use_threads
from generators.directory import read_json
from generators.errors import UnusableModel
from generators.gpt2.activations import ACTIVATE
from generators.gpt2.adapters import beside
from generators.gpt2.adapting import LAYERS, Adapter, Adapting, Stacks
from generators.gpt2.attention import Reading, Stepping
from generators.gpt2.configuration import Shape
from generators.gpt2.linear import Linear, Precision, linear_of
from generators.gpt2.seats import Seats
from generators.gpt2.state import TextState
from generators.model import Logits, OutOfMemory
from generators.places import CONFIG
from generators.vocabulary import Vocabulary


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


@contextmanager
def _shortages() -> Iterator[None]:
    """Says of a shortage of memory that nothing has been changed."""
    try:
        yield
    except (MemoryError, RuntimeError) as fault:
        if is_shortage(fault):
            raise OutOfMemory(str(fault)) from fault
        raise


class GPT2:
    """A loaded GPT-2: `generators.model.Model`, by arithmetic that in fp32 is transformers' within 1e-4.

    Each text attends to its own keys and values only, in sizes that its own length decides; linear layers take each
    row by itself. So no row depends on its neighbours.

    Args:
        info: what it says about itself.
        vocabulary: its tokens; a larger embedding's further rows are never written.
        shape: its sizes.
        tensors: by the names of `Shape.tensors`, float32.
        device: where it computes.
        threads: of torch, where it computes on the processor; None for what suits the machine.
        precision: of the linear layers; keys and values are kept in bfloat16 unless it is fp32.
    """

    def __init__(
        self,
        info: ModelInfo,
        vocabulary: Vocabulary,
        shape: Shape,
        tensors: Mapping[str, Tensor],
        device: torch.device | None = None,
        threads: int | None = None,
        precision: Precision = "fp32",
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
        head = (self._tokens if shape.tied else placed["lm_head.weight"])[: vocabulary.size]
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
        self._kept = torch.float32 if precision == "fp32" else torch.bfloat16
        self._seats = Seats(shape, torch.empty(0, dtype=self._kept, device=self._device))
        self._stacks = Stacks()
        self._adapter: Adapter | None = None

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def vocabulary(self) -> Vocabulary:
        return self._vocabulary

    def start(self) -> TextState:
        """The state before any token."""
        return TextState(self._seats.nothing, self._seats, self._adapter)

    def adapted(self, directory: Path, info: ModelInfo) -> GPT2 | None:
        """This model with a LoRA adapter, in the number format of the cache; see `Adaptable.adapted`."""
        try:
            adapter = beside(directory, self._shape, torch.empty(0, dtype=self._kept, device=self._device))
            alike = Shape.of(read_json(directory, CONFIG)) == self._shape  # as long a context, above all
        except ValueError as fault:
            raise UnusableModel(str(directory), str(fault)) from fault
        if adapter is None or not alike:
            return None
        other = copy(self)
        other._info = info
        other._adapter = adapter
        return other

    @torch.inference_mode()
    def fork(self, state: TextState) -> TextState:
        """A copy that goes its own way and shares the keys and values so far until it does.

        Raises:
            OutOfMemory: the state is as it was.
        """
        with _shortages():
            return state.fork()

    def nbytes(self, state: TextState) -> int:
        """Memory that a forked state holds, in bytes, what it shares with others included."""
        return state.nbytes + 1_000  # Python's and torch's own, about

    @torch.inference_mode()
    def vector(self, state: TextState) -> NDArray[np.float32]:
        """The mean over the text's tokens of the values that its last layer attends to; see `Embeds.vector`."""
        values = state.put_away().values[-1]
        found: NDArray[np.float32] = values.float().mean(dim=1).flatten().cpu().numpy()
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
            OutOfMemory: as in `Model.extend`.
        """
        use_threads(self._threads)
        lengths = [len(ids) for ids in tokens]
        for state, count in zip(states, lengths, strict=True):
            if state.length + count > self._shape.context:
                raise ValueError(f"a text of {state.length + count:,} tokens exceeds {self._shape.context:,} positions")
        self._seats.sweep()
        with _shortages():
            ids = torch.tensor([token for each in tokens for token in each], device=self._device)
            places = [torch.arange(state.length, state.length + n) for state, n in zip(states, lengths, strict=True)]
            x = self._tokens[ids] + self._positions[torch.cat(places).to(self._device)]
            parts = self._parts(states, lengths)
            hidden = self._through(x, parts, self._adapting(states, lengths))
            answer: Logits | list[Logits]
            if logits == "last":
                ends = torch.tensor(lengths).cumsum(0) - 1
                answer = self._logits(hidden[ends.to(self._device)])
            else:
                answer = [self._logits(rows) for rows in torch.split(hidden, lengths)]
        for part in parts:  # nothing can fail any more: the states go on together, or none does
            part.close()
        return answer

    def _parts(self, states: Sequence[TextState], lengths: Sequence[int]) -> list[Stepping | Reading]:
        """The texts by how they attend."""
        parts: list[Stepping | Reading] = []
        stepping: list[tuple[int, TextState]] = []
        row = 0
        for state, count in zip(states, lengths, strict=True):
            if count > 1:
                parts.append(Reading(row, count, state))
            else:
                stepping.append((row, state))
            row += count
        for _, state in stepping:
            state.sit()
        alike: dict[tuple[int, int], list[tuple[int, TextState]]] = {}
        for row, state in stepping:
            alike.setdefault((state.sit().bucket.capacity, id(state.past)), []).append((row, state))
        return [*parts, *(Stepping(members) for members in alike.values())]

    def _adapting(self, states: Sequence[TextState], lengths: Sequence[int]) -> Adapting | None:
        if all(state.adapter is None for state in states):
            return None
        rows = [state.adapter for state, count in zip(states, lengths, strict=True) for _ in range(count)]
        return Adapting(self._stacks, rows, self._device)

    def _through(self, x: Tensor, parts: Sequence[Stepping | Reading], adapting: Adapting | None) -> Tensor:
        """The packed tokens' last hidden vectors [all tokens, width]."""
        heads, width = self._shape.heads, self._shape.head_width
        answer = torch.empty_like(x)
        for number, layer in enumerate(self._layers):
            mixed = layer.linear("attn.c_attn", self._norm(x, layer.ln_1), adapting).view(len(x), 3, heads, width)
            for part in parts:
                part.attend(number, mixed, answer.view(len(x), heads, width), layer.scale)
            x += layer.linear("attn.c_proj", answer, adapting)
            inner = self._activate(layer.linear("mlp.c_fc", self._norm(x, layer.ln_2), adapting))
            x += layer.linear("mlp.c_proj", inner, adapting)
        return x

    def _norm(self, x: Tensor, weights: tuple[Tensor, Tensor]) -> Tensor:
        return layer_norm(x, (self._shape.width,), *weights, self._shape.epsilon)

    def _logits(self, hidden: Tensor) -> Logits:
        answer: Logits = self._head(self._norm(hidden, self._last_norm)).cpu().numpy()
        return answer
