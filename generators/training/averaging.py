"""The mean of the weights after a training's last steps, which is often a better model than any of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from transformers import TrainerCallback

AVERAGED: Final = "averaged.pt"  # beside a checkpoint: the mean so far


class Average(TrainerCallback):  # type: ignore[misc]
    """Gathers the uniform mean of what learns in a model (Izmailov et al. 2018, arXiv:1803.05407).

    Attributes:
        steps: after which weights were taken into the mean so far.

    Args:
        model: in training.
        total: steps of the training.
        share: of its steps, at its end, that count; at least the last one.
    """

    def __init__(self, model: nn.Module, total: int, share: float) -> None:
        self.steps = 0
        self._model = model
        self._before = total - max(round(total * share), 1)
        self._means: dict[str, Tensor] = {}

    def on_step_end(self, _: Any, state: Any, __: Any, **___: Any) -> None:
        if state.global_step > self._before:
            self._add()

    def exchange(self) -> None:
        """Gives the model the mean, and keeps the model's own weights in its place; once more gives them back."""
        with torch.no_grad():
            for name, parameter in self._learning():
                own = parameter.detach().clone()
                parameter.copy_(self._means[name])
                self._means[name] = own

    def save(self, directory: Path) -> None:
        """Writes the mean into a checkpoint; nothing before the first step that counts."""
        if self.steps:
            torch.save({"steps": self.steps, "means": self._means}, directory / AVERAGED)

    def load(self, directory: Path) -> None:
        """Takes up the mean of a checkpoint, where it has one."""
        if (directory / AVERAGED).exists():
            kept = torch.load(directory / AVERAGED, map_location="cpu", weights_only=True)
            self.steps, self._means = kept["steps"], kept["means"]

    @torch.no_grad()
    def _add(self) -> None:
        self.steps += 1
        for name, parameter in self._learning():
            mean = self._means.get(name)
            if mean is None:
                self._means[name] = parameter.detach().clone()
            else:
                self._means[name] = mean.to(parameter.device).lerp_(parameter, 1 / self.steps)

    def _learning(self) -> Iterator[tuple[str, nn.Parameter]]:
        return ((name, parameter) for name, parameter in self._model.named_parameters() if parameter.requires_grad)
