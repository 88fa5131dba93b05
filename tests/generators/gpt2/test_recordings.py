"""Recorded steps: with a recorder that calls the step again, and with CUDA graphs where there is a GPU."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from generators.directory import read_json
from generators.gpt2 import load, read_info
from generators.gpt2.adapters import full_tensors
from generators.gpt2.configuration import Shape
from generators.gpt2.linear import Precision
from generators.gpt2.recordings import FAILURES, WORTH, Recorder, Replay
from generators.gpt2.state import TextState
from generators.gpt2.weights import checked
from generators.gpt2.writer import GPT2
from generators.model import Logits, OutOfMemory
from generators.vocabulary import Vocabulary
from tests.fakes.language_models import save_gpt2
from tests.generators.gpt2.conftest import opened, save_adapter

CLOSE = 1e-4  # in logits, which here spread over some ten


class Again:
    """Records by keeping the function, and replays by calling it.

    Args:
        off: what its replays are wrong by.
        fault: what it raises instead.
    """

    def __init__(self, off: float = 0.0, fault: RuntimeError | None = None) -> None:
        self.made = self.replayed = 0
        self._off = off
        self._fault = fault

    def __call__(self, run: Callable[[], Tensor]) -> tuple[Replay, Tensor]:
        self.made += 1
        if self._fault is not None:
            raise self._fault
        answer = run()

        def replay() -> None:
            self.replayed += 1
            answer.copy_(run() + self._off)

        return replay, answer


def recording(directory: Path, recorder: Recorder, precision: Precision = "fp32") -> GPT2:
    """A model that records its steps on the processor."""
    shape = Shape.of(read_json(directory, "config.json"))
    tensors = checked(shape, full_tensors(directory, shape))
    vocabulary = Vocabulary.load(directory)
    return GPT2(read_info(directory, "tiny"), vocabulary, shape, tensors, None, 1, precision, recorder)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return save_gpt2(tmp_path / "model", n_positions=300)


def stepped(model: GPT2, states: list[TextState], steps: int, seed: int = 0) -> Logits:
    """The logits after steps of tokens that the seed decides."""
    numbers = np.random.default_rng(seed)
    for _ in range(steps):
        logits = model.extend(states, numbers.integers(0, 320, (len(states), 1)).tolist())
    return logits


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_replays(directory: Path, precision: Precision) -> None:
    """Texts of several lengths come to the same through replays, also where they outgrow their rows meanwhile."""
    again = Again()
    models = opened(directory, precision), recording(directory, again, precision)
    found = []
    for model in models:
        states = [model.start() for _ in range(5)]
        model.extend(states, [[7] * length for length in (3, 90, 120, 200, 1)])
        found.append(stepped(model, states, 90))

    assert again.replayed > 60
    spread = found[0].max() - found[0].min()
    assert np.abs(found[0] - found[1]).max() < (CLOSE if precision == "fp32" else 0.02 * spread)


def test_who_comes_and_goes(directory: Path) -> None:
    """Texts that wait, are read, look ahead, use adapters or end between replays disturb nobody's numbers."""
    again = Again()
    adapter = directory.parent / "adapter"
    save_adapter(directory, adapter)
    found: list[list[Logits]] = []
    for model in (opened(directory), recording(directory, again)):
        adapted = model.adapted(adapter, model.info)
        assert adapted is not None
        numbers = np.random.default_rng(3)
        states = [model.start(), model.start(), adapted.start(), model.start()]
        answers = [model.extend(states, numbers.integers(0, 320, (4, 20)).tolist())]
        for step in range(160):
            going = [state for place, state in enumerate(states) if (step + place) % 11]  # each waits now and then
            tokens = numbers.integers(0, 320, (len(going), 1)).tolist()
            if step % 13 == 5:
                tokens[0] += [3, 4, 5]
            answers.append(model.extend(going, tokens))
            if step % 17 == 7:
                states.append(model.fork(states[step % len(states)]))
            if step % 23 == 11:
                states.pop(int(numbers.integers(len(states))))
            if step % 29 == 3:
                model.extend([model.fork(states[0]) for _ in range(3)], [[1], [2], [3]])
        found.append(answers)

    assert again.replayed > 40
    for ours, theirs in zip(*found, strict=True):
        assert np.abs(ours - theirs).max() < CLOSE


def test_answers_are_the_callers(directory: Path) -> None:
    """The next replay changes nothing of what an earlier one has answered."""
    again = Again()
    model = recording(directory, again)
    state = model.start()
    model.extend([state], [[7] * 40])
    stepped(model, [state], WORTH)
    kept = model.extend_there([state], [[5]])
    before = kept[0].copy()

    stepped(model, [state], 3)

    assert again.replayed >= 4
    assert (kept[0] == before).all()


def test_seldom_shapes(directory: Path) -> None:
    """A step is recorded once it has been taken often enough to be worth it, and not again while its rows stay."""
    again = Again()
    model = recording(directory, again)
    stepped(model, [model.start()], WORTH)
    made = [again.made]
    stepped(model, [model.start()], WORTH)
    made.append(again.made)
    for seed in range(4):
        stepped(model, [model.start()], 10, seed)

    assert made == [0, 1]
    assert again.made == 2  # of 4 tokens' rows, and of 16: a text of 16 tokens has been through both


def test_texts_that_come_and_go(directory: Path) -> None:
    """Texts that are written two at a time find what was recorded for those before them."""
    again = Again()
    model = recording(directory, again)
    for seed in range(20):
        states = [model.start() for _ in range(2)]
        model.extend(states, [[7] * 30] * 2)
        stepped(model, states, 25, seed)

    assert again.made <= 2  # of one row, and of two
    assert again.replayed > 20 * 25 - 3 * (WORTH + 1)


def test_a_broken_neighbour(directory: Path) -> None:
    """A text whose numbers are broken keeps nobody else's steps from being recorded, and reaches none of them."""
    again = Again()
    plain, model = opened(directory), recording(directory, again)
    broken, states = model.start(), [plain.start(), model.start()]
    model.extend([broken], [[7] * 40])
    model.extend([broken], [[7]])
    assert broken.seat is not None
    with torch.inference_mode():
        broken.seat.bucket.keys[:, broken.seat.row] = torch.nan
    for each, state in zip((plain, model), states, strict=True):
        each.extend([state], [[7] * 40])

    found = [stepped(each, [state], 40) for each, state in zip((plain, model), states, strict=True)]

    assert again.replayed > 10
    assert np.abs(found[0] - found[1]).max() < CLOSE


def test_given_up_for_memory(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory is short, recordings and free rows are given back, and all goes on as it was."""
    again = Again()
    plain, model = opened(directory), recording(directory, again)
    states = [plain.start()], [model.start()]
    crowd = [model.start() for _ in range(16)]
    model.extend(crowd, [[7] * 40] * 16)
    model.extend(crowd, [[7]] * 16)
    del crowd
    for each, own in zip((plain, model), states, strict=True):
        each.extend(own, [[7] * 40])
        stepped(each, own, 2 * WORTH)
    assert len(model._recordings or "") > 0
    with monkeypatch.context() as patched:
        patched.setattr("generators.gpt2.network.layer_norm", raising)
        with pytest.raises(OutOfMemory):
            model.extend([*states[1], model.start()], [[1], [2, 3]])

    assert len(model._recordings or "") == 0
    assert states[1][0].sit().bucket.keys.shape[1] == 2  # sixteen before
    found = [stepped(each, own, 40, 1) for each, own in zip((plain, model), states, strict=True)]
    assert np.abs(found[0] - found[1]).max() < CLOSE


def raising(*_: object, **__: object) -> Tensor:
    raise torch.OutOfMemoryError("CUDA out of memory.")


@pytest.mark.parametrize(
    ("again", "said", "tries"),
    [
        (Again(off=9.0), "recorded steps are not used: their logits are off by 9", 1),
        (Again(fault=RuntimeError("operation not permitted when stream is capturing")), "not permitted", FAILURES),
        (Again(fault=RuntimeError("CUDA out of memory. Tried to allocate")), "out of memory", FAILURES + 1),
    ],
)
def test_what_cannot_be_recorded(
    directory: Path, caplog: pytest.LogCaptureFixture, again: Again, said: str, tries: int
) -> None:
    """Steps whose recording fails or answers otherwise are taken as before, and it is said; memory may come back."""
    plain = opened(directory)
    model = recording(directory, again)
    states = model.start(), plain.start()
    for each, state in zip((model, plain), states, strict=True):
        each.extend([state], [[7] * 120])

    with caplog.at_level(logging.WARNING):
        found = stepped(model, [states[0]], 3 * WORTH + 60)

    assert np.abs(found - stepped(plain, [states[1]], 3 * WORTH + 60)).max() < CLOSE
    assert said in caplog.text
    assert again.made >= tries
    assert tries > FAILURES or again.made == tries
    assert len(model._recordings or "") == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU that torch can use")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_on_a_gpu(directory: Path, precision: Precision, caplog: pytest.LogCaptureFixture) -> None:
    """On a GPU texts come to what they come to on the processor, most steps by CUDA graphs."""
    found = []
    for model in (opened(directory), load(directory, read_info(directory, "tiny"), device="cuda", precision=precision)):
        states = [model.start() for _ in range(5)]
        model.extend(states, [[7] * length for length in (3, 90, 120, 200, 1)])
        found.append(stepped(model, states, 90))

    assert "recorded" not in caplog.text
    assert len(model._recordings or "") > 0
    spread = found[0].max() - found[0].min()
    assert np.abs(found[0] - found[1]).max() < (0.001 if precision == "fp32" else 0.05) * spread
