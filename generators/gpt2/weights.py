"""Tensors of a GPT-2, read straight from its safetensors, checked against its shape."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from generators.directory import check_safetensors, weights_files
from generators.errors import UnusableModel
from generators.gpt2.configuration import Shape

PREFIX: Final = "transformer."  # GPT2LMHeadModel's, which GPT2Model leaves out


def read_tensors(directory: Path) -> dict[str, Tensor]:
    """All tensors of a directory in their own number format, names without the prefix.

    The causal masks that old files hold (attn.bias, attn.masked_bias) are left out.

    Raises:
        UnusableModel: a file is missing or damaged.
    """
    tensors: dict[str, Tensor] = {}
    for file in weights_files(directory):
        read = read_file(file, directory)
        tensors |= {name.removeprefix(PREFIX): tensor for name, tensor in read.items() if not _is_mask(name)}
    return tensors


def read_file(file: Path, directory: Path) -> dict[str, Tensor]:
    """The tensors of one safetensors file.

    Raises:
        UnusableModel: it is damaged, or a pickle that was given the name.
    """
    check_safetensors(file)
    try:
        with safe_open(file, framework="pt", device="cpu") as opened:
            # copies: a file that is written over would otherwise change, or end, under the model's feet
            return {name: opened.get_tensor(name).clone() for name in opened.keys()}  # noqa: SIM118 – not a dict
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError, RuntimeError) as fault:
        raise UnusableModel(str(directory), f"{file.name} is damaged ({fault})") from fault


def checked(shape: Shape, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that a shape needs, in float32.

    Raises:
        ValueError: one is missing, has another shape, or holds numbers that are not finite.
    """
    found = {}
    for name, expected in shape.tensors().items():
        if name not in tensors:
            raise ValueError(f"its weights have no tensor {name}")
        tensor = tensors[name]
        if tuple(tensor.shape) != expected:
            raise ValueError(f"tensor {name} has shape {list(tensor.shape)} and config.json says {list(expected)}")
        if not tensor.is_floating_point():
            raise ValueError(f"tensor {name} holds {tensor.dtype} where numbers with fractions are needed")
        tensor = tensor.to(torch.float32).contiguous()
        # a sum is fast, but that of finite numbers can overflow, so it alone decides nothing
        if not torch.isfinite(tensor.sum()) and not torch.isfinite(tensor).all():
            raise ValueError(f"tensor {name} holds numbers that are not finite")
        found[name] = tensor
    return found


def _is_mask(name: str) -> bool:
    return name.endswith((".attn.bias", ".attn.masked_bias"))
