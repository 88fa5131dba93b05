from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from generators.training.gpt2_weights import PackedGPT2
from generators.training.loss import head_loss
from generators.training.packing import Packs
from generators.training.windows import IGNORED, Encoded


def encoded(lengths: list[int]) -> Encoded:
    """Documents of so many tokens, each of its own ids from 10 on, between 0 and 0."""
    return Encoded.of(([0, *range(10, 8 + length), 0] for length in lengths), 1000)


def test_full_windows() -> None:
    """Every next token of every short document is predicted once, and the windows are nearly full."""
    lengths = np.random.default_rng(0).integers(2, 40, 300).tolist()
    packs = Packs(encoded(lengths), 64, seed=0, pad=0)

    batch = packs.batch([packs[index] for index in range(len(packs))])

    assert (batch["labels"] != IGNORED).sum() == sum(length - 1 for length in lengths) == packs.tokens
    assert packs.tokens / batch["labels"].size > 0.98
    assert (batch["labels"] == 0).sum() == len(lengths)


def test_next_token() -> None:
    """A place predicts the token after it in its own document; positions begin again with each document."""
    packs = Packs(encoded([4, 3]), 5, seed=0, pad=7)

    batch = packs.batch([packs[0]])

    assert batch["input_ids"].tolist() == [[0, 10, 11, 0, 10]]
    assert batch["labels"].tolist() == [[10, 11, 0, 10, 0]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 0, 1]]


def test_short_documents() -> None:
    """Where all documents are short, windows fall into rows as long as the longest: attention has less to do."""
    packs = Packs(encoded([9] * 40), 64, seed=0, pad=0)

    batch = packs.batch([packs[0], packs[1]])

    assert batch["labels"].shape == (16, 8)
    assert (batch["labels"] != IGNORED).all()


def test_long_document() -> None:
    """A document longer than a window is cut into pieces that keep its start and its end, and move by epoch."""
    packs = Packs(encoded([100]), 32, seed=0, pad=0)

    def pieces() -> list[list[int]]:
        return sorted(piece.ids.tolist() for index in range(len(packs)) for row in packs[index] for piece in row)

    first, size = pieces(), len(packs)
    packs.epoch(1)
    second = pieces()
    packs.epoch(0)

    assert first[0][:2] == [0, 10]
    assert any(piece[-1] == 0 for piece in first)
    assert all(len(piece) <= 33 for piece in first + second)
    assert first != second
    assert pieces() == first
    assert len(packs) == size


def test_labels() -> None:
    """Labels are read before every piece of their document and never learnt; some documents are seen without."""
    documents = Encoded.of([[0, 500, 501, 10, 11, 0], [0, *range(10, 60), 0], [0, 500, *range(60, 110), 0]], 1000)
    packs = Packs(documents, 32, seed=0, pad=0, labels=[500, 501])
    bare = Packs(documents, 32, seed=0, pad=0, labels=[500, 501], label_dropout=1.0)

    pieces = [piece for index in range(len(packs)) for row in packs[index] for piece in row]
    batch = packs.batch([packs[index] for index in range(len(packs))])
    without = bare.batch([bare[index] for index in range(len(bare))])

    assert ([0, 500, 501, 10, 11, 0], 3) in [(piece.ids.tolist(), piece.first) for piece in pieces]
    assert sum(500 in piece.ids.tolist() for piece in pieces) == 3
    assert not np.isin(batch["labels"], [500, 501]).any()
    assert (batch["labels"] != IGNORED).sum() == packs.tokens
    assert not np.isin(without["input_ids"], [500, 501]).any()


def test_company_changes() -> None:
    """Which documents share a window changes from epoch to epoch; how many windows there are does not."""
    packs = Packs(encoded([9] * 40 + [10] * 40), 32, seed=0, pad=0)

    before = [[piece.ids.ctypes.data for row in packs[index] for piece in row] for index in range(len(packs))]
    packs.epoch(1)
    after = [[piece.ids.ctypes.data for row in packs[index] for piece in row] for index in range(len(packs))]

    assert len(before) == len(after)
    assert before != after
    assert sorted(chain.from_iterable(before)) == sorted(chain.from_iterable(after))


@pytest.mark.parametrize("lengths", [[5, 9, 3, 20, 7], [40], [2, 2, 2]])
def test_packed_as_alone(lengths: list[int]) -> None:
    """A document's logits and loss beside others are those of the document alone."""
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=60, n_positions=64, n_embd=32, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0)
    packed = PackedGPT2(config).eval()
    alone = GPT2LMHeadModel(config).eval()
    alone.load_state_dict(packed.state_dict())
    documents = encoded(lengths)
    packs = Packs(documents, 48, seed=0, pad=0)
    windows = [packs[index] for index in range(len(packs))]
    batch = {name: torch.from_numpy(array) for name, array in packs.batch(windows).items()}

    with torch.no_grad():
        loss = packed(**batch)["loss"]
        places = {"position_ids": batch["position_ids"], "use_cache": False}
        logits = packed.lm_head(packed.transformer(batch["input_ids"], **places).last_hidden_state)

    total, count = 0.0, 0
    for row, pieces in enumerate(chain.from_iterable(windows)):
        at = 0
        for piece in pieces:
            ids = torch.from_numpy(piece.ids.astype(np.int64))
            expected = alone(input_ids=ids[None, :-1]).logits[0].detach()
            assert torch.allclose(logits[row, at : at + len(ids) - 1], expected, atol=1e-5)
            total += float(torch.nn.functional.cross_entropy(expected, ids[1:], reduction="sum"))
            count, at = count + len(ids) - 1, at + len(ids) - 1
    assert count == packs.tokens
    assert float(loss) == pytest.approx(total / count, abs=1e-5)


@pytest.mark.parametrize("autocast", [False, True])
def test_no_gradient_across(autocast: bool) -> None:
    """What a document learns comes from its own tokens: none from others in the window, nor from padding."""
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=100, n_positions=64, n_embd=32, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0)
    model = PackedGPT2(config).train()
    texts = [range(10, 18), range(30, 47), range(60, 63), range(10, 41)]
    documents = Encoded.of([[0, *text, 0] for text in texts], 100)
    packs = Packs(documents, 32, seed=0, pad=99)
    batch = {name: torch.from_numpy(array) for name, array in packs.batch([packs[0], packs[1]]).items()}
    begins = torch.cumsum((batch["position_ids"] == 0).flatten(), 0).view(2, 32)  # the document of each place
    read: list[torch.Tensor] = []

    def kept(_: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        inputs[0].retain_grad()
        read.append(inputs[0])

    model.transformer.drop.register_forward_pre_hook(kept)

    reached = []
    for document in range(1, 6):
        labels = torch.where(begins == document, batch["labels"], IGNORED)
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            model(batch["input_ids"], labels, batch["position_ids"])["loss"].backward()
        gradient = read.pop().grad
        assert gradient is not None
        reached.append(set(begins[gradient.abs().sum(2) > 0].tolist()))

    assert begins.max() == 5  # four documents, and padding
    assert reached == [{1}, {2}, {3}, {4}, set()]


@pytest.mark.parametrize("frozen", [False, True])
def test_head_loss(monkeypatch: pytest.MonkeyPatch, frozen: bool) -> None:
    """The loss in chunks has the value and the gradients of torch's own on all logits."""
    monkeypatch.setattr("generators.training.loss.ROWS", 7)
    torch.manual_seed(0)
    hidden = torch.randn(3, 10, 8, requires_grad=True)
    weight = torch.randn(30, 8, requires_grad=not frozen)
    targets = torch.randint(0, 30, (3, 10))
    targets[1, 3:] = IGNORED

    loss = head_loss(hidden, weight, targets, 20)
    loss.backward()  # type: ignore[no-untyped-call]
    found = [hidden.grad, weight.grad]
    hidden.grad = weight.grad = None
    own = torch.nn.functional.cross_entropy((hidden @ weight.T).flatten(0, 1), targets.flatten(), reduction="sum") / 20
    own.backward()  # type: ignore[no-untyped-call]

    assert loss.item() == pytest.approx(own.item(), rel=1e-5)
    assert found[0] is not None
    assert torch.allclose(found[0], hidden.grad, atol=1e-5)  # type: ignore[arg-type]
    assert (found[1] is None) == frozen
    if found[1] is not None:
        assert torch.allclose(found[1], weight.grad, atol=1e-5)  # type: ignore[arg-type]
