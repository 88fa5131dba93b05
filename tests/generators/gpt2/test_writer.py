"""A GPT-2's step against transformers'."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import layer_norm

from generators.gpt2.linear import Precision
from generators.gpt2.seats import FEWEST
from generators.gpt2.writer import GPT2
from generators.model import OutOfMemory
from tests.fakes.language_models import save_gpt2, transformers_logits
from tests.generators.gpt2.conftest import opened

TOLERANCE = 1e-4  # in logits, which here spread over some ten


def some_tokens(count: int, seed: int = 0, size: int = 320) -> list[int]:
    return np.random.default_rng(seed).integers(0, size, count).tolist()


def read_all(model: GPT2, tokens: list[int]) -> Any:
    (logits,) = model.extend([model.start()], [tokens], "all")
    return logits


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"activation_function": "gelu"},
        {"activation_function": "relu", "n_inner": 40},
        {"activation_function": "gelu_pytorch_tanh", "layer_norm_epsilon": 1e-3},
        {"scale_attn_weights": False},
        {"scale_attn_by_inverse_layer_idx": True, "reorder_and_upcast_attn": True},
        {"tie_word_embeddings": False},
        {"n_layer": 1, "n_head": 1, "n_embd": 7},
        {"vocab_size": 384},
    ],
)
def test_logits(tmp_path: Path, fields: dict[str, Any]) -> None:
    """The logits are transformers' at every position up to the full context, and so is the likeliest token."""
    directory = save_gpt2(tmp_path / "model", **fields)
    tokens = some_tokens(64)
    model = opened(directory)

    logits = read_all(model, tokens)

    wanted = transformers_logits(directory, tokens)[:, : model.vocabulary.size]
    assert logits.shape == wanted.shape
    assert np.abs(logits - wanted).max() < TOLERANCE
    assert (logits.argmax(1) == wanted.argmax(1)).all()


def test_chunks(directory: Path, model: GPT2) -> None:
    """Texts that are read in ragged pieces beside each other come to what each comes to alone."""
    texts = [some_tokens(count, seed) for seed, count in enumerate((40, 11, 64, 25))]
    states = [model.start() for _ in texts]
    numbers = np.random.default_rng(1)
    at = [0] * len(texts)

    found: list[list[Any]] = [[] for _ in texts]
    while going := [text for text in range(len(texts)) if at[text] < len(texts[text])]:
        chunks = [texts[text][at[text] : at[text] + int(numbers.integers(1, 9))] for text in going]
        answers = model.extend([states[text] for text in going], chunks, "all")
        for text, chunk, logits in zip(going, chunks, answers, strict=True):
            found[text].append(logits)
            at[text] += len(chunk)

    for tokens, parts in zip(texts, found, strict=True):
        assert np.abs(np.concatenate(parts) - transformers_logits(directory, tokens)).max() < TOLERANCE


def test_texts_of_one_length(directory: Path, model: GPT2) -> None:
    """Texts of one length that are read together, among others, come to what each comes to alone."""
    texts = [some_tokens(24 if seed % 3 else 20, seed) for seed in range(7)]
    states = [model.start() for _ in texts]

    model.extend(states, [tokens[:9] for tokens in texts])
    model.extend(states, [tokens[9:15] for tokens in texts])
    rows = model.extend(states, [tokens[15:] for tokens in texts])

    wanted = [transformers_logits(directory, tokens)[-1] for tokens in texts]
    assert np.abs(rows - np.stack(wanted)).max() < TOLERANCE
    for state, tokens in zip(states, texts, strict=True):
        assert state.past.tokens == len(tokens)
        assert sum(part.untyped_storage().nbytes() for part in state.past) <= 2 * state.past.nbytes


def test_forks(directory: Path, model: GPT2) -> None:
    """Forks of forks go their own ways, one token and several at a time, and the text they come from goes its own."""
    prompt = some_tokens(12)
    state = model.start()
    model.extend([state], [prompt])
    texts = [(state, prompt)]
    for generation in range(3):
        texts += [(model.fork(each), list(tokens)) for each, tokens in texts]
        for step in range(3):
            more = [
                some_tokens(1 + (place + step) % 4, 100 * generation + 10 * step + place) for place in range(len(texts))
            ]
            logits = model.extend([each for each, _ in texts], more)
            texts = [(each, tokens + new) for (each, tokens), new in zip(texts, more, strict=True)]

    for (_, tokens), row in zip(texts, logits, strict=True):
        assert np.abs(transformers_logits(directory, tokens)[-1] - row).max() < TOLERANCE


def test_a_long_fork(tmp_path: Path) -> None:
    """A text and its forks go on by single tokens, through seats of every size, up to the last position."""
    directory = save_gpt2(tmp_path / "model", n_positions=150)
    model = opened(directory)
    tokens = some_tokens(150)
    state = model.start()
    model.extend([state], [tokens[:10]])

    rows = []
    for place, token in enumerate(tokens[10:]):
        if place % 37 == 0:
            state = model.fork(state)
        rows.append(model.extend([state], [[token]])[0])

    assert np.abs(np.stack(rows) - transformers_logits(directory, tokens)[10:]).max() < TOLERANCE


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_neighbours(directory: Path, precision: Precision) -> None:
    """A row is the same to the last bit whatever stands in the other rows, while prompts are read and at each step."""
    model = opened(directory, precision)
    texts = [some_tokens(9, seed) for seed in range(4)]
    others = [texts[0], *(some_tokens(9, seed) for seed in range(10, 13))]

    ours, theirs = [model.start() for _ in texts], [model.start() for _ in others]
    first, second = [model.extend(ours, texts)], [model.extend(theirs, others)]
    for token in range(8):
        first.append(model.extend(ours, [[token], [1], [2], [3]]))
        second.append(model.extend(theirs, [[token], [4], [5], [6]]))

    assert all((one[0] == other[0]).all() for one, other in zip(first, second, strict=True))


def test_batches_of_whole_numbers(directory: Path) -> None:
    """In int8 a text's rows are nearly the same alone as among others that began at other times and end sooner."""
    model = opened(directory, "int8")
    lengths = (3, 9, 17, 30, 31, 5)
    states = [model.start() for _ in lengths]
    model.extend(states, [some_tokens(length, seed) for seed, length in enumerate(lengths)])
    alone = [model.start() for _ in lengths]
    for seed, (state, length) in enumerate(zip(alone, lengths, strict=True)):
        model.extend([state], [some_tokens(length, seed)])

    for step in range(20):
        going = range(len(lengths) if step < 10 else 3)
        together = model.extend([states[text] for text in going], [[(7 * step + text) % 320] for text in going])
        single = [model.extend([alone[text]], [[(7 * step + text) % 320]])[0] for text in going]
        assert np.abs(together - np.stack(single)).max() < 1e-5


def test_answers_are_the_callers(model: GPT2) -> None:
    """No later call changes logits that were given out."""
    state = model.start()
    logits = model.extend([state], [[1, 2, 3]])
    before = logits.copy()

    model.extend([state], [[4]])

    assert (logits == before).all()
    assert logits.dtype == np.float32


def test_sharing(model: GPT2) -> None:
    """A fork takes no memory for what it shares, and little for its first token; nbytes says what it holds."""
    state = model.start()
    model.extend([state], [some_tokens(40)])
    held = 3 * 2 * 24 * 4 * 40  # layers, keys and values, width, bytes of a number, tokens

    forks = [model.fork(state) for _ in range(5)]
    model.extend(forks, [[token] for token in range(5)])

    assert len({fork.past.keys.data_ptr() for fork in forks}) == 1
    assert all(fork.seat is not None and fork.seat.bucket.capacity == FEWEST for fork in forks)
    assert held <= model.nbytes(forks[0]) < 3 * held


def test_whoever_is_gone_gives_the_seat_back(model: GPT2) -> None:
    """Texts that nobody holds any more leave their seats to others at the next step."""
    states = [model.start() for _ in range(8)]
    model.extend(states, [[token] for token in range(8)])

    del states[1:7]
    rows = model.extend(states, [[8], [9]])

    seats = [state.seat for state in states]
    assert [seat.row for seat in seats if seat is not None] == [0, 1]
    again = model.start(), model.start()
    assert (model.extend(again, [[0, 8], [7, 9]]) - rows).max() < 1e-5


def test_the_context_is_the_limit(model: GPT2) -> None:
    """A text beyond the last position is refused before anything has changed."""
    state, other = model.start(), model.start()
    model.extend([state], [some_tokens(60)])

    with pytest.raises(ValueError, match="64 positions"):
        model.extend([other, state], [[1], some_tokens(5)])

    assert (state.length, other.length) == (60, 0)
    assert model.extend([state], [some_tokens(4)]).shape == (1, 320)


def test_vectors(model: GPT2) -> None:
    """A text's vector is the same in whatever pieces it was read, and texts differ in it."""
    tokens = some_tokens(30)
    whole, pieces, other = model.start(), model.start(), model.start()

    model.extend([whole, other], [tokens, some_tokens(30, 5)])
    model.extend([pieces], [tokens[:20]])
    fork = model.fork(pieces)
    model.extend([fork], [tokens[20:]])

    assert model.vector(whole).shape == (24,)
    assert np.abs(model.vector(whole) - model.vector(fork)).max() < 1e-5
    assert np.abs(model.vector(whole) - model.vector(other)).max() > 0.1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_who_sat_there_before(directory: Path, model: GPT2, value: float) -> None:
    """A text whose numbers were none leaves nothing in its seat that would reach whoever sits there next."""
    bad, first = model.start(), model.start()
    model.extend([bad, first], [[3], [4]])
    assert bad.seat is not None
    bad.seat.used = 10
    with torch.inference_mode():
        for part in bad.seat.taken:
            part[...] = value

    del bad
    second = model.start()
    model.extend([first, second], [[5], [6]])
    rows = model.extend([first, second], [[7], [8]])

    wanted = [transformers_logits(directory, tokens)[-1] for tokens in ([4, 5, 7], [6, 8])]
    assert np.abs(rows - np.stack(wanted)).max() < TOLERANCE


@pytest.mark.parametrize("step", [1, 3, 6])
@pytest.mark.parametrize("fault", [torch.OutOfMemoryError("CUDA out of memory."), MemoryError()])
def test_too_little_memory(model: GPT2, monkeypatch: pytest.MonkeyPatch, step: int, fault: Exception) -> None:
    """Where memory does not suffice in the middle of a step, or for its logits, no state has been changed."""
    states, others = ([model.start() for _ in range(3)] for _ in range(2))
    for each in (states, others):
        model.extend(each, [some_tokens(9, 1), [5], some_tokens(4, 2)])
        model.extend([each[2]], [[6]])
    norms = 0

    def norm(*given: Any, **named: Any) -> Any:
        nonlocal norms
        norms += 1
        if norms == step + 1:  # the seventh is before the logits
            raise fault
        return layer_norm(*given, **named)

    with monkeypatch.context() as patched:
        patched.setattr("generators.gpt2.network.layer_norm", norm)
        with pytest.raises(OutOfMemory):
            model.extend(states, [[7], [8, 9], [10]])
    again = model.extend(states, [[7], [8, 9], [10]])

    assert [state.length for state in states] == [10, 3, 6]
    assert np.abs(again - model.extend(others, [[7], [8, 9], [10]])).max() < 1e-5


def test_too_little_memory_at_the_end(model: GPT2, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory does not suffice for what is kept of prompts that were read together, none of them has been read."""
    states = [model.start() for _ in range(3)]
    model.extend(states, [some_tokens(9, seed) for seed in range(3)])
    clone, clones = torch.Tensor.clone, iter(range(100))

    def short(tensor: torch.Tensor, **named: Any) -> torch.Tensor:
        if next(clones) == 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return clone(tensor, **named)

    with monkeypatch.context() as patched:
        patched.setattr(torch.Tensor, "clone", short)
        with pytest.raises(OutOfMemory):
            model.extend(states, [[7, 8]] * 3)

    assert [state.length for state in states] == [9, 9, 9]


def test_memory_of_a_seat(model: GPT2) -> None:
    """What a kept state holds counts the seat that it has beside its past."""
    state = model.start()
    model.extend([state], [some_tokens(5)])
    fork = model.fork(state)
    model.extend([fork], [[1]])

    sibling = model.fork(fork)

    assert sibling.seat is not None
    token = 3 * 2 * 24 * 4  # layers, keys and values, width, bytes of a number
    assert model.nbytes(sibling) >= (5 + FEWEST) * token
