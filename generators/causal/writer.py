"""Writing with any causal language model of transformers: one text at a time, over its own cache where it has one."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.completion import ModelInfo
from generators.devices import use_threads
from generators.model import Logits
from generators.vocabulary import Vocabulary

TOLERANCE: Final = 1e-2  # in logits, between a text read in two pieces and in one: wrong caches are off by far more
ROUNDING: Final = 8  # units in the last place of the largest logit that half-precision numbers may differ by instead
PROBE: Final = 6  # tokens on which that is tried


def near(logits: Tensor, others: Tensor) -> bool:
    """Whether two ways to the same logits came to the same, but for rounding."""
    rounding = ROUNDING * torch.finfo(logits.dtype).eps * float(others.abs().max())
    return bool((logits - others).abs().max() < max(TOLERANCE, rounding))


class TextState:
    """A text's token ids, and transformers' cache over them, which forks share until one of them goes on."""

    __slots__ = ("cache", "ids", "shared")

    def __init__(self, ids: list[int], cache: Any, *, shared: bool) -> None:
        self.ids = ids
        self.cache = cache
        self.shared = shared


class CausalLM:
    """A loaded model of transformers: `generators.model.Model`.

    A model whose cache does not bring a text in two pieces to the same logits as in one piece reads every text from
    its beginning at each step.

    Args:
        info: what it says about itself.
        vocabulary: its tokens; a larger embedding's further rows are never written.
        model: in evaluation mode, on its device.
        context: positions; None where there is no limit.
        threads: of torch; None for what suits the machine.
    """

    def __init__(
        self,
        info: ModelInfo,
        vocabulary: Vocabulary,
        model: torch.nn.Module,
        context: int | None,
        threads: int | None = None,
    ) -> None:
        self._info = info
        self._vocabulary = vocabulary
        self._model = model
        self._context = context
        self._threads = threads
        self._device = next(model.parameters()).device
        self._keeps_some = "logits_to_keep" in inspect.signature(model.forward).parameters
        self._cached = False
        self._cached = self._can_cache()

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def vocabulary(self) -> Vocabulary:
        return self._vocabulary

    def start(self) -> TextState:
        """The state before any token."""
        return TextState([], None, shared=False)

    def fork(self, state: TextState) -> TextState:
        """A copy that goes its own way; the cache is copied once either goes on."""
        state.shared = True
        return TextState(list(state.ids), state.cache, shared=True)

    def nbytes(self, state: TextState) -> int:
        """Memory that a forked state holds, in bytes."""
        return sum(tensor.untyped_storage().nbytes() for tensor in _tensors(state.cache)) + 8 * len(state.ids) + 1_000

    @torch.inference_mode()
    def vector(self, state: TextState) -> NDArray[np.float32]:
        """The mean of the last hidden states over the text, which is read again for it; see `Embeds.vector`."""
        ids = torch.tensor([state.ids], device=self._device)
        hidden = self._model(input_ids=ids, output_hidden_states=True).hidden_states[-1]
        found: NDArray[np.float32] = hidden[0].float().mean(dim=0).cpu().numpy()
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
        for state, ids in zip(states, tokens, strict=True):
            if self._context is not None and len(state.ids) + len(ids) > self._context:
                length = len(state.ids) + len(ids)
                raise ValueError(f"a text of {length:,} tokens exceeds {self._context:,} positions")
        rows = [
            self._read(state, list(ids), len(ids) if logits == "all" else 1)
            for state, ids in zip(states, tokens, strict=True)
        ]
        return rows if logits == "all" else np.concatenate(rows)

    def _read(self, state: TextState, ids: list[int], wanted: int) -> Logits:
        """Logits after the last `wanted` of a text's new tokens."""
        if self._cached and state.cache is not None:
            if state.shared:
                state.cache = copy.deepcopy(state.cache)
            answer = self._forward(ids, wanted, state.cache)
        else:
            answer = self._forward(state.ids + ids, wanted, None)
        state.ids = state.ids + ids
        state.cache = answer.past_key_values if self._cached else None
        state.shared = False
        logits: Logits = answer.logits[0, -wanted:, : self._vocabulary.size].float().cpu().numpy()
        return logits.copy()  # what was cut off would otherwise live as long

    def _forward(self, ids: list[int], wanted: int, cache: Any, *, use_cache: bool | None = None) -> Any:
        options: dict[str, Any] = {"logits_to_keep": wanted} if self._keeps_some else {}
        use_cache = self._cached if use_cache is None else use_cache
        if use_cache:
            options |= {"past_key_values": cache, "use_cache": True}
        elif "use_cache" in inspect.signature(self._model.forward).parameters:
            options["use_cache"] = False
        return self._model(input_ids=torch.tensor([ids], device=self._device), **options)

    @torch.inference_mode()
    def _can_cache(self) -> bool:
        """Tries a few tokens in two pieces, and a copy of the cache between them, against all in one piece."""
        parameters = inspect.signature(self._model.forward).parameters
        if not {"past_key_values", "use_cache"} <= parameters.keys():
            return False
        ids = [token % self._vocabulary.size for token in range(1, PROBE + 1)]
        whole = self._forward(ids, 1, None, use_cache=False).logits[0, -1]
        first = self._forward(ids[:3], 1, None, use_cache=True)
        cache = getattr(first, "past_key_values", None)
        if cache is None or isinstance(cache, tuple):
            return False
        kept = copy.deepcopy(cache)
        pieces = [self._forward(ids[3:], 1, each, use_cache=True).logits[0, -1] for each in (cache, kept)]
        return all(near(piece, whole) for piece in pieces)


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in a cache, whatever its class."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _tensors(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _tensors(each)
    elif hasattr(value, "__dict__"):
        yield from _tensors(vars(value))
