"""The linear layers of a GPT-2 in the number formats that it writes with.

Where one text is written, reading the weights is all the time there is, so a format with fewer bytes is as much faster
as it is smaller; with many texts it is the processor's units for that format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, Protocol, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import linear

Precision: TypeAlias = Literal["fp32", "bf16", "int8"]

MOST: Final = 127.0  # of a signed byte, as far as it is symmetric
ZERO: Final = 128  # what stands for 0 in an unsigned byte
TINY: Final = 1e-30  # a row of zeros keeps a scale


class Linear(Protocol):
    """What takes packed rows [rows, in] to [rows, out], float32 unless said otherwise; no row depends on another."""

    def __call__(self, x: Tensor) -> Tensor: ...


class Float32:
    """A layer as it was trained."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        # a head comes as its embedding's transposed view, through which one row's product takes three times as long
        self._weight = weight.contiguous()
        self._bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        return x @ self._weight if self._bias is None else torch.addmm(self._bias, x, self._weight)


class BFloat16:
    """A layer with half the bytes, its weights packed for oneDNN."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        halved = weight.t().contiguous().to(torch.bfloat16)
        self._weight = torch.ops.mkldnn._reorder_linear_weight(halved, None)
        self._bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        halved = x.to(torch.bfloat16)
        y: Tensor = torch.ops.mkldnn._linear_pointwise(halved, self._weight, None, "none", [], "").float()
        return y if self._bias is None else y.add_(self._bias)


class BFloat16OnGPU:
    """A layer with half the bytes, whose outputs are bfloat16, too: what follows on a GPU reads half as much then."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self._weight = weight.t().contiguous().to(torch.bfloat16)
        self._bias = None if bias is None else bias.to(torch.bfloat16)

    def __call__(self, x: Tensor) -> Tensor:
        return linear(x.to(torch.bfloat16), self._weight, self._bias)


class Int8:
    """A layer of whole numbers from -127 to 127: its weights with a scale for each output, each row with its own.

    oneDNN is told that the rows' scale is 1, and they are scaled back afterwards: a scale for the whole batch would
    let a text's neighbours decide its numbers. Rows are handed over as unsigned bytes, whose products every x86
    processor of the last years has an instruction for.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        rows = weight.t().contiguous().float()
        self._scales = rows.abs().amax(1).clamp_min_(TINY).div_(MOST)
        whole = torch.round(rows / self._scales[:, None]).to(torch.int8)
        self._weight = torch.ops.onednn.qlinear_prepack(whole, None)
        self._zeros = torch.zeros(len(rows), dtype=torch.long)
        self._bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        scale = x.abs().amax(1, keepdim=True).clamp_min_(TINY).div_(MOST)
        # to signed bytes first, for which there are vector instructions; adding wraps round
        whole = (x / scale).round_().to(torch.int8).view(torch.uint8).add_(ZERO)
        y: Tensor = torch.ops.onednn.qlinear_pointwise(
            whole, 1.0, ZERO, self._weight, self._scales, self._zeros, None, 1.0, 0, torch.float32, "none", [], ""
        )
        return y.mul_(scale) if self._bias is None else torch.addcmul(self._bias, y, scale, out=y)


FORMATS: Final[Mapping[Precision, Callable[[Tensor, Tensor | None], Linear]]] = {
    "fp32": Float32,
    "bf16": BFloat16,
    "int8": Int8,
}
ON_GPU: Final[Mapping[Precision, Callable[[Tensor, Tensor | None], Linear]]] = {
    "fp32": Float32,
    "bf16": BFloat16OnGPU,
}


def linear_of(precision: Precision, weight: Tensor, bias: Tensor | None) -> Linear:
    """A layer in a number format, where its weight is.

    Args:
        weight: [in, out], float32.
        bias: [out], float32; None for none.

    Raises:
        KeyError: there is no such format on a GPU.
    """
    formats = FORMATS if weight.device.type == "cpu" else ON_GPU
    return formats[precision](weight, bias)
