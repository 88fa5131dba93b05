"""What stands between a block's two linear layers, by the names that configurations have for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import gelu, relu

_CUBIC: Final = 0.044715
_TWICE: Final = 2 * math.sqrt(2 / math.pi)
_LINEAR: Final = torch.tensor(_TWICE)


def gelu_by_tanh(x: Tensor) -> Tensor:
    """x·(1 + tanh z)/2 with z = √(2/π)·(x + 0.044715·x³) (Hendrycks and Gimpel 2016, arXiv:1606.08415).

    On a processor it is taken as x·σ(2z), which is the same in half the time: torch's tanh is slow there.
    """
    if x.is_cuda:
        return gelu(x, approximate="tanh")
    return torch.addcmul(_LINEAR, x, x, value=_TWICE * _CUBIC).mul_(x).sigmoid_().mul_(x)


ACTIVATE: Final[Mapping[str, Callable[[Tensor], Tensor]]] = {
    "gelu_new": gelu_by_tanh,
    "gelu_pytorch_tanh": gelu_by_tanh,
    "gelu": gelu,
    "relu": relu,
}
