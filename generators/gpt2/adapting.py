"""Many LoRA adapters over one base in one step.

A row's adapter adds (x·A)·B to what a linear layer of the base gives. Rows are put together by their adapters, so that
a step takes two batched products for each layer, however many adapters there are (as S-LoRA and punica do on GPUs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor

LAYERS: Final = ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")  # that adapters may change beside each other


class Adapter:
    """What an adapter adds, ready for steps.

    Args:
        factors: by layer, such as `h.0.attn.c_attn`: [in, rank] and, with its scaling, [rank, out].
    """

    __slots__ = ("factors",)

    def __init__(self, factors: Mapping[str, tuple[Tensor, Tensor]]) -> None:
        self.factors = factors

    @property
    def nbytes(self) -> int:
        return sum(a.nbytes + b.nbytes for a, b in self.factors.values())


class _Stack(NamedTuple):
    """The factors of several adapters for one layer: [adapters, in, rank] and [adapters, rank, out]."""

    down: Tensor
    up: Tensor


class Stacks:
    """Factors side by side, kept for as long as the same adapters write in the same order."""

    def __init__(self) -> None:
        self._adapters: tuple[Adapter, ...] = ()
        self._stacks: dict[str, _Stack | None] = {}

    def of(self, adapters: tuple[Adapter, ...], layer: str) -> _Stack | None:
        """Those of a layer; None where no adapter changes it."""
        if adapters != self._adapters:
            self._adapters, self._stacks = adapters, {}
        if layer not in self._stacks:
            self._stacks[layer] = _stacked([adapter.factors.get(layer) for adapter in adapters])
        return self._stacks[layer]


class Adapting:
    """The adapters of one step.

    Args:
        stacks: the model's.
        adapters: of each packed row, None for the base alone; one at least is not None.
    """

    def __init__(self, stacks: Stacks, adapters: Sequence[Adapter | None], device: torch.device) -> None:
        rows: dict[Adapter, list[int]] = {}
        for row, adapter in enumerate(adapters):
            if adapter is not None:
                rows.setdefault(adapter, []).append(row)
        rows = dict(sorted(rows.items(), key=lambda item: id(item[0])))  # whoever's turn is first: one stack for all
        self._stacks = stacks
        self._adapters = tuple(rows)
        most = max(map(len, rows.values()))
        padded = [each + [each[0]] * (most - len(each)) for each in rows.values()]
        self._rows = torch.tensor(padded, device=device)
        self._flat = self._rows.flatten()
        there = torch.arange(most)[None] < torch.tensor([len(each) for each in rows.values()])[:, None]
        self._there = there[:, :, None].to(device)
        self._ragged = not bool(there.all())

    def add(self, layer: str, x: Tensor, y: Tensor) -> Tensor:
        """Adds to the layer's outputs [rows, out], in place, what the adapters make of its inputs [rows, in]."""
        stack = self._stacks.of(self._adapters, layer)
        if stack is None:
            return y
        added = torch.bmm(torch.bmm(x[self._rows].to(stack.down.dtype), stack.down), stack.up).to(y.dtype)
        if self._ragged:
            added *= self._there  # rows that stand in for missing ones add nothing
        return y.index_add_(0, self._flat, added.flatten(0, 1))


def _stacked(factors: Sequence[tuple[Tensor, Tensor] | None]) -> _Stack | None:
    """Padded to the largest rank, with zeros for adapters that leave the layer as it is."""
    there = [pair for pair in factors if pair is not None]
    if not there:
        return None
    rank = max(a.shape[1] for a, _ in there)
    a, b = there[0]
    down = a.new_zeros((len(factors), a.shape[0], rank))
    up = b.new_zeros((len(factors), rank, b.shape[1]))
    for place, pair in enumerate(factors):
        if pair is not None:
            down[place, :, : pair[0].shape[1]] = pair[0]
            up[place, : pair[1].shape[0]] = pair[1]
    return _Stack(down, up)
