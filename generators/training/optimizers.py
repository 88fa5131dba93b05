"""Optimizers as recipes name them; Muon for the matrices of a model's blocks, beside AdamW for all else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from generators.training.recipes import Recipe

RMSPROP: Final = {"alpha": 0.9, "eps": 1e-7}  # Keras's rho and epsilon, which recipes in its words mean
MOMENTUM: Final = 0.95  # of Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon)
ATTENTION: Final = "c_attn"  # GPT-2's queries, keys and values in one matrix
GATES: Final = {nn.LSTM: 4, nn.GRU: 3}


def optimizer(recipe: Recipe, model: nn.Module) -> tuple[type[torch.optim.Optimizer], dict[str, Any]] | None:
    """The optimizer's class and settings, as Trainer takes them; None for its own, AdamW."""
    if recipe.optimizer == "adamw":
        return None
    if recipe.optimizer == "muon":
        rates = {"lr": recipe.learning_rate, "matrix_rate": recipe.matrix_rate}
        return MuonBesideAdamW, {"model": model, **rates, "weight_decay": recipe.weight_decay}
    settings: dict[str, Any] = {"lr": recipe.learning_rate, "momentum": recipe.momentum}
    if recipe.optimizer == "sgd":
        return torch.optim.SGD, settings
    return torch.optim.RMSprop, {**settings, **RMSPROP}


class Matrix(NamedTuple):
    """One linear map in a parameter that may hold several.

    Attributes:
        parameter: [inputs, all outputs] or [all outputs, inputs].
        of: a view [outputs, inputs] of this map, of the parameter or of its gradient.
    """

    parameter: nn.Parameter
    of: Callable[[Tensor], Tensor]


def matrices(model: nn.Module) -> Iterator[Matrix]:
    """The matrices that learn in a GPT-2's blocks, or in recurrent layers: queries, keys, values and gates apart."""
    for name, module in model.named_modules():
        if isinstance(module, Conv1D):
            yield from _parts(module.weight, 3 if name.endswith(ATTENTION) else 1, transposed=True)
        elif isinstance(module, nn.LSTM | nn.GRU):
            for parameter in module.parameters():
                if parameter.ndim == 2:
                    yield from _parts(parameter, GATES[type(module)], transposed=False)


def _parts(parameter: nn.Parameter, parts: int, *, transposed: bool) -> Iterator[Matrix]:
    for part in range(parts if parameter.requires_grad else 0):

        def of(tensor: Tensor, part: int = part) -> Tensor:
            return (tensor.T if transposed else tensor).chunk(parts)[part]

        yield Matrix(parameter, of)


class MuonBesideAdamW(torch.optim.Optimizer):
    """Muon for the matrices of a model's blocks; AdamW for its embeddings, norms, biases and output layer.

    torch's Muon takes each map as [outputs, inputs], whose shape scales its rate by √(outputs/inputs), where that is
    more than 1. It gets parameters that are views of the model's, so that both change together.

    Args:
        model: whose parameters learn.
        lr: AdamW's rate.
        matrix_rate: Muon's rate.
        weight_decay: of either, times its rate; none for norms and biases.
    """

    def __init__(self, model: nn.Module, lr: float, matrix_rate: float, weight_decay: float) -> None:
        self._matrices = list(matrices(model))
        self._views = [nn.Parameter(matrix.of(matrix.parameter.detach())) for matrix in self._matrices]
        taken = {id(matrix.parameter) for matrix in self._matrices}
        others = [p for p in model.parameters() if p.requires_grad and id(p) not in taken]
        groups = [
            {"params": [p for p in others if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in others if p.ndim < 2], "weight_decay": 0.0},
        ]
        super().__init__([*others, *self._views], {"lr": lr})
        self._adamw = torch.optim.AdamW(groups, lr=lr, fused=True)
        self._muon = torch.optim.Muon(self._views, lr=matrix_rate, weight_decay=weight_decay, momentum=MOMENTUM)
        self._share_groups()

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Takes a step with the gradients that the model's parameters have."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for view, (parameter, of) in zip(self._views, self._matrices, strict=True):
            view.data = of(parameter.data)
            view.grad = None if parameter.grad is None else of(parameter.grad)
        self._adamw.step()
        self._muon.step()  # type: ignore[no-untyped-call]
        for view in self._views:
            view.grad = None  # or it would keep the memory of gradients that the model lets go
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The state of both."""
        return {"adamw": self._adamw.state_dict(), "muon": self._muon.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up a state that was saved."""
        self._adamw.load_state_dict(state_dict["adamw"])
        self._muon.load_state_dict(state_dict["muon"])
        self._share_groups()

    def _share_groups(self) -> None:
        """A schedule, which sets the rates of groups, sets those of both."""
        self.param_groups = [*self._adamw.param_groups, *self._muon.param_groups]
