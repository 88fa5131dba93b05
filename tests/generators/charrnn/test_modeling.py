"""The torch side of every kind of char-RNN."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from generators.charrnn import modeling
from generators.charrnn.configuration import CharRNNConfig
from generators.charrnn.modeling import CharRNNForCausalLM

WINDOW = 7
READINGS: list[dict[str, Any]] = [
    {"attention": "running"},
    {"attention": "none"},
    {"attention": "window", "window": WINDOW},
    {"attention": "window", "window": WINDOW, "bidirectional": True},
    {"attention": "none", "window": WINDOW, "bidirectional": True},
]
LABELS = {"funny": 28, "short": 29}
KINDS = [
    reading | {"cell": cell, "adaptive_cutoffs": cutoffs, "labels": labels}
    for reading, (cell, cutoffs, labels) in product(READINGS, [("lstm", [], {}), ("gru", [8, 20], LABELS)])
]


def model_of(**fields: Any) -> CharRNNForCausalLM:
    """A small model in evaluation, with weights far enough from zero that everything shows."""
    torch.manual_seed(0)
    model = CharRNNForCausalLM(CharRNNConfig(vocab_size=30, embedding_size=16, hidden_sizes=[20, 16], **fields))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.3)
    model.eval()
    return model


def text(texts: int = 3, tokens: int = 25) -> Tensor:
    """Random tokens after a start, with labels and another start among them."""
    ids = torch.randint(2, 28, (texts, tokens), generator=torch.Generator().manual_seed(1))
    ids[:, 0] = 1
    ids[:, 1] = 28
    ids[0, 10] = 29
    ids[1, 12] = 1
    return ids


@pytest.fixture(params=KINDS, ids=lambda kind: "-".join(str(value) for value in kind.values()))
def model(request: pytest.FixtureRequest) -> CharRNNForCausalLM:
    return model_of(**request.param)


def test_tensors(model: CharRNNForCausalLM) -> None:
    """Every kind has exactly the tensors that its configuration promises to the writers."""
    tensors = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}

    assert tensors == model.config.shape.tensors()


def test_round_trip(model: CharRNNForCausalLM, tmp_path: Path) -> None:
    """A saved model is the same model when it is loaded again."""
    model.save_pretrained(tmp_path)

    again = CharRNNForCausalLM.from_pretrained(tmp_path).eval()

    with torch.no_grad():
        assert torch.allclose(again(text()).logits, model(text()).logits, atol=1e-6)
    assert again.config.shape == model.config.shape


def test_carried_state(model: CharRNNForCausalLM) -> None:
    """A text that is read in two parts, the state carried over, gets the numbers of one pass."""
    with torch.no_grad():
        whole = model(text()).logits
        first = model(text()[:, :11])
        second = model(text()[:, 11:], state=first.state.detached())

    assert torch.allclose(torch.cat((first.logits, second.logits), dim=1), whole, atol=1e-5)


def test_training_loss(model: CharRNNForCausalLM) -> None:
    """The loss that training computes, without all logits where it can, is the logits' cross entropy."""
    labels = text()
    labels[:, :2] = -100
    labels[2, 9:14] = -100
    expected = model(text(), labels=labels)

    trained = model.train()(text(), labels=labels)

    cheap = model.config.window is not None or bool(model.config.adaptive_cutoffs)
    assert (trained.logits is None) == cheap
    assert torch.allclose(trained.loss, expected.loss, atol=1e-5)


def test_autocast(model: CharRNNForCausalLM) -> None:
    """Training in bfloat16 autocast gives nearly the same loss, and gradients for every parameter."""
    expected = model(text(), labels=text()).loss

    with torch.autocast("cpu", torch.bfloat16):
        loss = model.train()(text(), labels=text()).loss
    loss.backward()

    assert abs(loss - expected) < 0.05 * expected
    assert all(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize("fields", [kind for kind in KINDS if "window" in kind])
def test_chunks(fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows that do not fit in memory together give the same loss, gradients and logits part by part."""
    model = model_of(**fields)
    whole = model(text()).logits
    model.train()(text(), labels=text()).loss.backward()
    expected = [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]
    model.zero_grad()

    monkeypatch.setattr(modeling, "CHUNK_BYTES", 100_000)
    model(text(), labels=text()).loss.backward()
    parts = model.eval()(text()).logits

    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(gradients, expected, strict=True))
    assert torch.allclose(parts, whole, atol=1e-5)


@pytest.mark.parametrize("attention", ["window", "none"])
def test_window(attention: str) -> None:
    """A prediction depends on every one of the window's tokens and on none before them, in both directions."""
    model = model_of(attention=attention, window=WINDOW, bidirectional=True)
    ids = torch.randint(2, 28, (1, 20))
    with torch.no_grad():
        whole = model(ids).logits[0]

        for place in range(20):
            other = ids.clone()
            other[0, place] = 29 - other[0, place]
            changed = (model(other).logits[0] - whole).abs().amax(dim=-1) > 1e-6
            assert changed.nonzero()[:, 0].tolist() == list(range(place, min(20, place + WINDOW)))


def test_padding_is_read() -> None:
    """A text shorter than the window is what the window padded at its left is, as textgenrnn reads it."""
    model = model_of(attention="window", window=WINDOW)
    padded = torch.tensor([[0, 0, 0, 0, 1, 5, 6]])

    with torch.no_grad():
        short = model(padded[:, 4:]).logits[0, -1]
        long = model(padded).logits[0, -1]

    assert torch.allclose(short, long, atol=1e-6)


def test_window_keeps_labels() -> None:
    """A label counts in every window of its text, also where its own token has left the window."""
    model = model_of(attention="window", window=WINDOW, labels=LABELS)
    plain = torch.tensor([[1, *range(2, 22)]])
    labelled = torch.tensor([[1, 28, *range(2, 22)]])

    with torch.no_grad():
        difference = (model(labelled).logits[0, 10:] - model(plain).logits[0, 9:]).abs().amax(dim=-1)

    assert (difference > 0.01).all()


def test_nothing_to_learn(model: CharRNNForCausalLM) -> None:
    """A training batch from which nothing is learnt has a loss that moves nothing, instead of failing."""
    loss = model.train()(text(), labels=torch.full((3, 25), -100)).loss

    loss.backward()
    assert loss == 0
    assert all(parameter.grad is None or not parameter.grad.any() for parameter in model.parameters())
