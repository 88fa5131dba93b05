"""Muon, which keeps the steps of a model's matrices orthogonal."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

from generators.errors import InvalidValue
from generators.training import Progress, train
from generators.training.optimizers import MuonBesideAdamW, matrices, optimizer
from generators.training.recipes import changed, recipe_named
from tests.generators.training.titles import TINY, TITLES

WIDTH = 32
GPT2 = {"vocabulary_size": "300", "layers": "2", "heads": "2", "width": str(WIDTH), "context": "64", "window": "64"}


class Interrupted(Exception):  # what a kill is to the process
    pass


@pytest.fixture
def gpt2() -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = GPT2LMHeadModel(
        GPT2Config(vocab_size=64, n_positions=16, n_embd=WIDTH, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0)
    )
    return model


def learn(model: nn.Module, muon: torch.optim.Optimizer, steps: int = 1) -> list[float]:
    """Losses before each step on the same text."""
    ids = torch.arange(48).reshape(4, 12)
    losses = []
    for _ in range(steps):
        model.zero_grad()
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        muon.step()
        losses.append(float(loss.detach()))
    return losses


def is_orthogonal(step: Tensor) -> bool:
    """Whether all singular values are about the same, as far as five Newton-Schulz steps in bfloat16 bring them."""
    values = torch.linalg.svdvals(step / step.norm() * min(step.shape) ** 0.5)
    return bool(values.min() > 0.5 and values.max() < 1.5)


def gradient(rows: int, columns: int) -> Tensor:
    """A random one whose singular values are between 0.1 and 1."""
    left, _, right = torch.linalg.svd(torch.randn(rows, columns), full_matrices=False)
    singular = torch.linspace(0.1, 1, min(rows, columns))
    return torch.as_tensor(left * singular @ right)


def test_apart(gpt2: nn.Module) -> None:
    """Queries, keys and values take steps that are orthogonal each, at the rate that their shape asks for."""
    attention = gpt2.get_parameter("transformer.h.0.attn.c_attn.weight")
    inner = gpt2.get_parameter("transformer.h.0.mlp.c_fc.weight")
    before, inner_before = attention.detach().clone(), inner.detach().clone()
    attention.grad = torch.cat([gradient(WIDTH, WIDTH) * scale for scale in (1, 100, 0.01)], dim=1)
    inner.grad = gradient(WIDTH, 4 * WIDTH)

    MuonBesideAdamW(gpt2, lr=0.001, matrix_rate=0.02, weight_decay=0.0).step()

    parts = (before - attention).detach().chunk(3, dim=1)
    assert all(is_orthogonal(part) for part in parts)
    assert [float(part.norm()) for part in parts] == pytest.approx([0.02 * WIDTH**0.5] * 3, rel=0.25)
    widening = (inner_before - inner).detach()
    assert is_orthogonal(widening)
    assert widening.norm() / WIDTH**0.5 == pytest.approx(0.02 * 2, rel=0.25)  # √(4 outputs for an input)


def test_all_learn_once(gpt2: nn.Module) -> None:
    """Every parameter learns, by one of the two: matrices of blocks by Muon, and embeddings by AdamW."""
    muon = MuonBesideAdamW(gpt2, lr=0.001, matrix_rate=0.02, weight_decay=0.1)
    before = {name: parameter.detach().clone() for name, parameter in gpt2.named_parameters()}

    learn(gpt2, muon)

    assert all((before[name] != parameter).any() for name, parameter in gpt2.named_parameters())
    assert sum(parameter.numel() for group in muon.param_groups for parameter in group["params"]) == sum(
        parameter.numel() for parameter in gpt2.parameters()
    )
    assert len(list(matrices(gpt2))) == 2 * (3 + 1 + 2)


@pytest.mark.parametrize(("layer", "gates"), [(nn.LSTM, 4), (nn.GRU, 3)])
def test_gates(layer: type[nn.LSTM | nn.GRU], gates: int) -> None:
    """Gates of recurrent layers are matrices of their own."""
    rnn = layer(8, 16, 2)

    shapes = [tuple(matrix.of(matrix.parameter).shape) for matrix in matrices(rnn)]

    assert shapes == [(16, 8)] * gates + [(16, 16)] * 3 * gates


def test_state(gpt2: nn.Module) -> None:
    """A state that was saved goes on as if nothing had been in between."""
    muon = MuonBesideAdamW(gpt2, lr=0.001, matrix_rate=0.02, weight_decay=0.1)
    learn(gpt2, muon, 3)
    kept, weights = deepcopy((muon.state_dict(), gpt2.state_dict()))
    again = GPT2LMHeadModel(gpt2.config)
    again.load_state_dict(weights)
    other = MuonBesideAdamW(again, lr=9.0, matrix_rate=9.0, weight_decay=0.9)

    other.load_state_dict(kept)
    expected, found = learn(gpt2.eval(), muon, 3), learn(again.eval(), other, 3)

    assert found == expected


def test_rates(gpt2: nn.Module) -> None:
    """A schedule moves both rates."""
    muon = MuonBesideAdamW(gpt2, lr=0.001, matrix_rate=0.02, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(muon, lambda _: 0.5)

    learn(gpt2, muon)
    schedule.step()

    assert [group["lr"] for group in muon.param_groups] == [0.0005, 0.0005, 0.01]


def test_settings(gpt2: nn.Module) -> None:
    """Each optimizer has its own settings, and AdamW is Trainer's."""
    recipe = recipe_named("gpt2")

    chosen = optimizer(changed(recipe, {"optimizer": "rmsprop", "momentum": "0.5"}), gpt2)

    assert optimizer(recipe, gpt2) is None
    assert chosen is not None
    assert chosen[0] is torch.optim.RMSprop
    assert chosen[1]["momentum"] == 0.5


@pytest.mark.parametrize("recipe", ["gpt2", "textgenrnn"])
def test_trains(tmp_path: Path, recipe: str) -> None:
    """A training with Muon gets better than its start, and resumed ends in the weights that it would have had."""
    source = tmp_path / "titles.txt"
    source.write_text("\n".join(TITLES * 2), "utf-8")
    bits: list[float] = []
    left = 3

    def told(event: Progress) -> None:
        if event.phase == "checked" and event.bits_per_character is not None:
            bits.append(event.bits_per_character)

    def interrupting(event: Progress) -> None:
        nonlocal left
        left -= event.phase == "checked"
        if not left:
            raise Interrupted

    shape = {**GPT2, "sample": "8", "batch_size": "8"} if recipe == "gpt2" else TINY
    options = {**shape, "epochs": "3", "checks": "1", "optimizer": "muon", "held_out": "0.2"}
    how: dict[str, Any] = {"recipe": recipe, "options": options}
    whole = train([source], output=tmp_path / "whole" / "cats", progress=told, **how)
    with pytest.raises(Interrupted):
        train([source], output=tmp_path / "cats", progress=interrupting, **how)
    resumed = train([source], output=tmp_path / "cats", resume=True, **how)

    assert bits[-1] < bits[0]
    assert resumed.version == whole.version


@pytest.mark.parametrize(
    ("recipe", "options", "sentence"),
    [
        ("gpt2", {"optimizer": "muon", "momentum": "0.5"}, "given with the optimizer rmsprop or sgd"),
        ("gpt2", {"matrix_rate": "0.01"}, "given with the optimizer muon"),
        ("gpt2-lora", {"optimizer": "muon"}, "adamw, rmsprop or sgd for an adapter"),
    ],
)
def test_refused(tmp_path: Path, recipe: str, options: dict[str, str], sentence: str) -> None:
    """What would be ignored beside another optimizer, and Muon for an adapter, is refused."""
    base = tmp_path if recipe == "gpt2-lora" else None

    with pytest.raises(InvalidValue, match=sentence):
        train([tmp_path / "a.txt"], output=tmp_path / "cats", recipe=recipe, base=base, options=options)
