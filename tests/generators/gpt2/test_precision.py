"""The number format that suits a machine."""

from __future__ import annotations

import pytest
import torch

from generators.gpt2.configuration import Shape
from generators.gpt2.linear import Precision
from generators.gpt2.precision import chosen, fastest, measured


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [
        ({"fp32": 1.0, "bf16": 0.9, "int8": 0.8}, "fp32"),
        ({"fp32": 1.0, "bf16": 0.5, "int8": 0.6}, "int8"),
        ({"fp32": 1.0, "bf16": 0.3, "int8": 0.6}, "bf16"),
        ({"fp32": 1.0, "int8": 0.2}, "int8"),
        ({"fp32": 1.0}, "fp32"),
    ],
)
def test_fastest(seconds: dict[Precision, float], wanted: str) -> None:
    """Another format than fp32 has to be much faster, and bf16 much faster than int8."""
    assert fastest(seconds) == wanted


def test_measured() -> None:
    """Every format that is there takes some time, and fp32 is always there."""
    found = measured(Shape(vocab_size=100, context=10, width=64, layers=2, heads=2, inner=256), threads=1)

    assert "fp32" in found
    assert all(seconds > 0 for seconds in found.values())


def test_small_models() -> None:
    """A small model is not measured: it writes in the numbers that it was trained in."""
    shape = Shape(vocab_size=100, context=10, width=64, layers=2, heads=2, inner=256)

    assert chosen(shape, torch.device("cpu")) == "fp32"


def test_gpus() -> None:
    """A GPU has bf16."""
    shape = Shape(vocab_size=100, context=10, width=64, layers=2, heads=2, inner=256)

    assert chosen(shape, torch.device("cuda")) == "bf16"
