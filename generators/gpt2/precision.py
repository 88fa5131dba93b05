"""Which number format a GPT-2 writes in on this machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

from generators.devices import use_threads
from generators.gpt2.configuration import Shape
from generators.gpt2.linear import FORMATS, Linear, Precision, linear_of

# Weights of a block below which fp32 is fast enough (the GPT-2 that ships has 1.8 million, the smallest of OpenAI's 7).
# What is read in chunks and what in steps differs by a rounding in the others: a seed then gives another text.
SMALL: Final = 3_000_000
WORTH: Final = 1.3  # times that another format has to be as fast: a draw between two would change from start to start
RUNS: Final = 5  # of which the fastest counts
SIDE: Final = 64  # of the layer that a format is tried with
ENOUGH: Final = 64 << 20  # bytes in fp32 that no processor's cache keeps: a step finds no layer's weights there

_log: Final = logging.getLogger(__name__)


def chosen(shape: Shape, device: torch.device, threads: int | None = None) -> Precision:
    """The number format for a model of these sizes: on a GPU bf16, on a processor the fastest for one text."""
    if device.type != "cpu":
        return "bf16"
    if 2 * shape.width * shape.inner + 4 * shape.width * shape.width < SMALL:
        return "fp32"
    return fastest(measured(shape, threads))


def fastest(seconds: Mapping[Precision, float]) -> Precision:
    """The most exact format that no other one is so much faster than, but int8 before bf16: many texts gain by it."""
    order: Sequence[Precision] = ("fp32", "int8", "bf16")
    there = [precision for precision in order if precision in seconds]
    least = min(seconds.values())
    return next(precision for precision in there if seconds[precision] < least * WORTH)


@torch.inference_mode()
def measured(shape: Shape, threads: int | None = None) -> dict[Precision, float]:
    """Seconds that a token takes through the large layers of a model's blocks, in each format that this machine has."""
    use_threads(threads)
    numbers = torch.Generator().manual_seed(0)
    blocks = min(shape.layers, 1 + ENOUGH // (8 * shape.width * shape.inner))
    up = torch.randn(shape.width, shape.inner, generator=numbers)
    down = torch.randn(shape.inner, shape.width, generator=numbers)
    token = torch.ones(1, shape.width)
    found: dict[Precision, float] = {}
    for precision in FORMATS:
        if lacking(precision, token.device) is None:
            layers = [
                linear_of(precision, weight.clone(), torch.zeros(weight.shape[1]))
                for _ in range(blocks)
                for weight in (up, down)
            ]
            found[precision] = _least(layers, token)
    return found


def lacking(precision: Precision, device: torch.device) -> str | None:
    """What keeps a device from a number format, in torch's words, such as a lack of oneDNN; None for nothing."""
    if precision == "fp32":
        return None
    try:
        weight = torch.ones(SIDE, SIDE, device=device)
        linear_of(precision, weight, None)(weight)
    except (RuntimeError, AttributeError, KeyError) as fault:
        _log.info("no %s on %s: %s", precision, device, fault)
        return str(fault)
    return None


def _least(layers: Sequence[Linear], token: Tensor) -> float:
    """Of the thread's own time, which other programs on the machine do not count in."""
    times = []
    for _ in range(RUNS):
        started = time.thread_time()
        x = token
        for layer in layers:
            x = layer(x)
        times.append(time.thread_time() - started)
    return min(times)
