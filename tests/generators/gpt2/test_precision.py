"""The number format that suits a machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from generators.errors import InvalidValue
from generators.gpt2.configuration import Shape
from generators.gpt2.linear import Precision, linear_of
from generators.gpt2.precision import chosen, fastest, measured
from tests.generators.gpt2.conftest import opened


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


def test_what_a_machine_lacks(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number format that torch does not have here is refused in a sentence, and none of those to choose from."""

    def without_onednn(precision: Precision, *layer: Any) -> Any:
        if precision == "int8":
            raise RuntimeError("didn't find engine for operation quantized::linear_prepack NoQEngine")
        return linear_of(precision, *layer)

    monkeypatch.setattr("generators.gpt2.precision.linear_of", without_onednn)

    with pytest.raises(InvalidValue, match=r"precision cannot be int8.*such as fp32 or auto"):
        opened(directory, "int8")
    assert opened(directory).info.name == "tiny"
    assert "int8" not in measured(Shape(vocab_size=100, context=10, width=64, layers=2, heads=2, inner=256), threads=1)
