"""Imported models beside their arithmetic written out once more, plainly and in double precision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from generators.charrnn import load, read_info
from generators.charrnn.textgenrnn import import_textgenrnn
from generators.sampling import log_softmax
from tests.generators.charrnn.test_textgenrnn import FIXTURES, ORIGINALS, needs_originals

Numbers = NDArray[np.float64]

TEXT = "Ask HN: Is “naïve” 😀 a word?\tOr 漢字 — ☃, … and one more line\nof sixty characters"


def arrays_of(file: h5py.File, layer: str) -> list[Numbers]:
    return [file[layer][name][()].astype(np.float64) for name in file[layer].attrs["weight_names"]]


def sigmoid(numbers: Numbers) -> Numbers:
    return 1 / (1 + np.exp(-numbers))


def read(inputs: Numbers, kernel: Numbers, recurrent: Numbers, bias: Numbers) -> Numbers:
    """One LSTM over windows [rows, steps, inputs], gate by gate; CuDNN's layers are told by their longer bias."""
    units = len(recurrent)
    of_gate = [slice(gate * units, (gate + 1) * units) for gate in range(4)]
    if len(bias) == 8 * units:
        kernels = [kernel[:, gate].reshape(units, -1).T for gate in of_gate]
        recurrents = [recurrent[:, gate].reshape(units, units).T for gate in of_gate]
        bias = bias[: 4 * units] + bias[4 * units :]
    else:
        kernels, recurrents = [kernel[:, gate] for gate in of_gate], [recurrent[:, gate] for gate in of_gate]
    hidden = cell = np.zeros((len(inputs), units))
    outputs = []
    for now in inputs.swapaxes(0, 1):
        i, f, g, o = (
            now @ of_input + hidden @ of_state + bias[gate]
            for of_input, of_state, gate in zip(kernels, recurrents, of_gate, strict=True)
        )
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        hidden = sigmoid(o) * np.tanh(cell)
        outputs.append(hidden)
    return np.stack(outputs, axis=1)


def probabilities(weights: Path, windows: list[list[int]]) -> Numbers:
    """What textgenrnn's network says of windows of ids, [rows, vocabulary]."""
    with h5py.File(weights) as file:
        (embedding,), (attention,), (kernel, bias) = (
            arrays_of(file, layer) for layer in ("embedding", "attention", "output")
        )
        below = embedding[np.array(windows)]
        parts = [below]
        for layer in (f"rnn_{number}" for number in range(1, 9) if f"rnn_{number}" in file):
            arrays = arrays_of(file, layer)
            ways = [read(below, *arrays[:3])]
            if len(arrays) == 6:
                ways.append(read(below[:, ::-1], *arrays[3:])[:, ::-1])
            below = np.concatenate(ways, axis=-1)
            parts.append(below)
    features = np.concatenate(parts, axis=-1)
    scores = (features @ attention)[..., 0]
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = raised / (raised.sum(axis=1, keepdims=True) + 1e-7)
    logits = np.einsum("rs,rsf->rf", shares, features) @ kernel + bias
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: Numbers = powers / powers.sum(axis=1, keepdims=True)
    return found


@needs_originals
@pytest.mark.parametrize(
    ("weights", "vocab", "config"),
    [
        ("textgenrnn_weights.hdf5", "textgenrnn_vocab.json", None),
        ("hacker_news.hdf5", "textgenrnn_vocab.json", None),
        *(
            (f"fixtures/{name}_weights.hdf5", f"fixtures/{name}_vocab.json", f"{name}_config.json")
            for name in ("char_uni", "char_bi", "word")
        ),
    ],
)
def test_every_length(tmp_path: Path, weights: str, vocab: str, config: str | None) -> None:
    """After 0 to 45 tokens, unknown ones too, side by side or one by one, a model says what its arithmetic says."""
    settings: dict[str, Any] = {} if config is None else json.loads((FIXTURES / config).read_text("utf-8"))
    window, ids = settings.get("max_length", 40), json.loads((ORIGINALS / vocab).read_text("utf-8"))
    words = TEXT.lower().split() * 6 if settings.get("word_level") else list(TEXT)
    known = [ids["<s>"], *(ids.get(word, 0) for word in words)]
    prompts = [known[: 1 + length] for length in range(46)]
    import_textgenrnn(ORIGINALS / weights, None, None, tmp_path / "imported", "imported")

    model = load(tmp_path / "imported", read_info(tmp_path / "imported", "imported"))
    together = np.exp(log_softmax(model.extend([model.start() for _ in prompts], prompts)))
    every = np.exp(log_softmax(model.extend([model.start()], [prompts[-1]], "all")[0]))

    padded = [([0] * window + prompt)[-window:] for prompt in prompts]
    expected = probabilities(ORIGINALS / weights, padded)
    assert np.abs(together - expected).max() < 1e-4
    assert np.abs(every - expected).max() < 1e-4
    assert np.array_equal(together.argmax(axis=1), expected.argmax(axis=1))
    assert np.array_equal(every.argmax(axis=1), expected.argmax(axis=1))
