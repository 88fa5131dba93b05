"""Which number format a GPT-2 writes in on this machine."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor

from generators.devices import use_threads
from generators.gpt2.configuration import Shape
from generators.gpt2.linear import FORMATS, Linear, Precision, linear_of

SMALL: Final = 1_000_000  # weights of a block below which a step's time is not the linear layers'
WORTH: Final = 1.3  # times that another format has to be as fast: a draw between two would change from start to start
RUNS: Final = 5  # of which the fastest counts
ENOUGH: Final = 64 << 20  # bytes in fp32 that no processor's cache keeps: a step finds no layer's weights there


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
        try:
            layers = [
                linear_of(precision, weight.clone(), torch.zeros(weight.shape[1]))
                for _ in range(blocks)
                for weight in (up, down)
            ]
            found[precision] = _least(layers, token)
        except (RuntimeError, AttributeError):  # torch was built without oneDNN, or it lacks this format here
            continue
    return found


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
