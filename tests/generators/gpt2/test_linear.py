"""Linear layers in every number format."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from generators.gpt2.linear import FORMATS, Precision, linear_of

ERROR = {"fp32": 1e-5, "bf16": 8e-3, "int8": 2e-2}  # of the outputs' spread, at most


def layer(inputs: int = 96, outputs: int = 160) -> tuple[Tensor, Tensor]:
    numbers = torch.Generator().manual_seed(0)
    return torch.randn(inputs, outputs, generator=numbers), torch.randn(outputs, generator=numbers)


def rows(count: int, inputs: int = 96) -> Tensor:
    """Rows whose sizes differ by orders of magnitude."""
    numbers = torch.Generator().manual_seed(1)
    return torch.randn(count, inputs, generator=numbers) * torch.logspace(-3, 3, count)[:, None]


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("precision", FORMATS)
def test_close(precision: Precision, biased: bool) -> None:
    """Each row's outputs are the exact ones but for its own rounding, however large its neighbours are."""
    weight, bias = layer()
    x = rows(20)

    y = linear_of(precision, weight, bias if biased else None)(x)

    exact = x.double() @ weight.double() + (bias.double() if biased else 0)
    spread = (x.double() @ weight.double()).std(1, keepdim=True)
    assert y.dtype == torch.float32
    assert ((y - exact).abs() / spread).max() < 4 * ERROR[precision]


@pytest.mark.parametrize("size", [1, 2, 4, 16, 64])
def test_whole_numbers_do_not_know_their_neighbours(size: int) -> None:
    """In int8 a row's outputs are the same to the last bit in a batch of any size."""
    linear = linear_of("int8", *layer())
    x = rows(64)

    alone = torch.cat([linear(row[None]) for row in x[:size]])

    assert torch.equal(linear(x[:size]), alone)
    assert torch.equal(linear(x)[:size], alone)


@pytest.mark.parametrize("precision", FORMATS)
def test_nothing(precision: Precision) -> None:
    """A row and a column of zeros stay zeros."""
    weight = layer()[0]
    weight[:, 3] = 0

    y = linear_of(precision, weight, None)(torch.cat((torch.zeros(1, 96), torch.ones(1, 96))))

    assert (y[0] == 0).all()
    assert y[1, 3] == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number(value: float) -> None:
    """A broken row spoils no other one."""
    linear = linear_of("int8", *layer())
    x = rows(3)
    sound = linear(x)
    x[1, 5] = value

    y = linear(x)

    assert torch.equal(y[::2], sound[::2])
