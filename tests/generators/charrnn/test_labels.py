"""Labels: tokens whose embeddings stay until the text ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from generators.charrnn.modeling import CharRNNForCausalLM
from generators.charrnn.writer import CharRNN
from generators.completion import CompletionRequest, Piece
from generators.engine.engine import Engine
from generators.model import Logits
from generators.sampling import log_softmax
from tests.generators.charrnn.conftest import loaded

START = 1


@pytest.fixture
def model(saved: Callable[..., Path]) -> CharRNN:
    return loaded(saved(labels=["funny", "short"]))


@pytest.fixture
def reference(model: CharRNN, tmp_path: Path) -> CharRNNForCausalLM:
    trained: CharRNNForCausalLM = CharRNNForCausalLM.from_pretrained(tmp_path / "other").eval()
    return trained


def label(model: CharRNN, name: str) -> int:
    return model.vocabulary.names.index(f"<label:{name}>")


def after(model: CharRNN, *tokens: int) -> Logits:
    return log_softmax(model.extend([model.start()], [list(tokens)])[0])


def test_info(model: CharRNN) -> None:
    """A model says which labels it can be asked for."""
    assert model.info.labels == ("funny", "short")


def test_labels_change_the_text(model: CharRNN) -> None:
    """The same prompt is continued differently with a label, with another, with both and with none."""
    funny, short = label(model, "funny"), label(model, "short")

    answers = [after(model, START, *labels, 260, 261) for labels in ([], [funny], [short], [funny, short])]

    for at, answer in enumerate(answers):
        assert all(np.abs(answer - other).max() > 0.01 for other in answers[:at])


def test_labels_stay(reference: CharRNNForCausalLM, model: CharRNN) -> None:
    """A label's embedding is added at every later token of its text: as if the tokens' own embeddings had it."""
    funny = label(model, "funny")
    text = torch.tensor([[START, funny, 260, 261, 262]])
    with torch.no_grad():
        expected = reference(text).logits[0, 2:]

        state = reference(text[:, :2]).state._replace(stay=None)
        reference.embedding.weight += reference.embedding.weight[funny].clone()
        shifted = reference(text[:, 2:], state=state).logits[0]

    assert torch.allclose(shifted, expected, atol=1e-5)


def test_start_ends_labels(reference: CharRNNForCausalLM, model: CharRNN) -> None:
    """A start token drops the labels of the text before it."""
    funny, short = label(model, "funny"), label(model, "short")
    text = torch.tensor([[START, funny, 260, short, 261, START, 262, short, 263]])

    with torch.no_grad():
        states = [reference(text[:, :tokens]).state.stay[0] for tokens in range(1, 10)]

    of_funny, of_short = reference.embedding.weight[[funny, short]].detach()
    nothing = torch.zeros_like(of_funny)
    both = of_funny + of_short
    wanted = [nothing, of_funny, of_funny, both, both, nothing, nothing, of_short, of_short]
    assert all(torch.allclose(stay, sums, atol=1e-6) for stay, sums in zip(states, wanted, strict=True))


def test_carried_in_torch(reference: CharRNNForCausalLM, model: CharRNN) -> None:
    """A text that torch reads in two windows keeps its labels, and loses them at a start in the second one."""
    funny = label(model, "funny")
    text = torch.tensor([[START, funny, 260, 261, 262, START, 263], [START, 260, funny, 261, funny, 262, 263]])

    with torch.no_grad():
        whole = reference(text).logits
        first = reference(text[:, :3])
        second = reference(text[:, 3:], state=first.state.detached())

    assert torch.allclose(torch.cat((first.logits, second.logits), dim=1), whole, atol=1e-5)


def test_learnt_beside_text_without(reference: CharRNNForCausalLM, model: CharRNN) -> None:
    """Training moves a label's embedding through the text behind it, and leaves it alone without that label."""
    funny, short = label(model, "funny"), label(model, "short")
    text = torch.tensor([[START, funny, 260, 261, 262, START], [START, 260, 261, 262, START, 0]])

    reference.train()(text, labels=text.masked_fill(text == funny, -100)).loss.backward()

    gradients = reference.embedding.weight.grad
    assert gradients is not None
    assert gradients[funny].abs().max() > 0
    assert gradients[short].abs().max() == 0


async def test_asked_for(model: CharRNN) -> None:
    """A request that names labels, several joined by commas, gets the text that follows them; one without its own."""
    engine = Engine(model)

    async def written(asked: str | None) -> str:
        request = CompletionRequest(model="tiny", prompt="hello", label=asked, max_tokens=30, min_tokens=30, seed=1)
        async with engine.complete(request) as events:
            return "".join([event.text async for event in events if isinstance(event, Piece)])

    texts = [await written(asked) for asked in (None, "funny", "short", "funny,short")]
    engine.close()

    assert len(set(texts)) == 4
